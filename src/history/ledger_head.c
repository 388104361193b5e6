/*
 * ledger_head.c
 *		What a packed ledger begins with.
 *
 * Packed ledgers come from workers of the same query, but other extensions
 * hand such bytes around too: they are checked like stored values, error
 * 22P03.  See ledger_pack.c for the form.
 */
#include "history/ledger_internal.h"

#include "pgtime.h"

#define PACK_VERSION 3

/* Write it. */
void
ledger_head_put(WireWriter *w, const LedgerSettings *settings,
				LedgerForm form)
{
	const uint8 head[4] = {PACK_VERSION, settings->flags | settings->code->mark,
		settings->key_words, form};

	wire_put_bytes(w, head, sizeof(head));
	settings->code->put_rules(w, settings);
	wire_put(w, strlen(settings->zone));
	wire_put_bytes(w, settings->zone, strlen(settings->zone));
}

/*
 * Read that of a ledger of a code; memory is palloc'd.  Returns which form the
 * rest has.  One with the mark of another code: error 22023.
 */
LedgerForm
ledger_head_get(WireReader *r, const LedgerCode *code, LedgerSettings *settings)
{
	const uint8 *head = wire_get_bytes(r, 4);
	uint8		flags = head[1] & ~LEDGER_MARKS;
	const char *problem = code->flags_problem(flags);
	Size		size;

	if (head[0] != PACK_VERSION || head[2] < 1 || head[2] > 2 || head[3] > LEDGER_FORM_FINISHED)
		problem = "The header is not of this version.";
	if (problem != NULL)
		wire_corrupt(r, problem);
	if ((head[1] & LEDGER_MARKS) != code->mark)
		ledger_refuse_kind();
	memset(settings, 0, sizeof(*settings));
	settings->code = code;
	settings->flags = flags;
	settings->key_words = head[2];
	code->get_rules(r, settings);
	size = wire_get_max(r, TZ_STRLEN_MAX, "The zone is too long.");
	settings->zone = pnstrdup((const char *) wire_get_bytes(r, size), size);
	problem = strlen(settings->zone) != size ?
		"A name has characters it cannot have." :
		code->settings_problem(settings);
	if (problem != NULL)
		wire_corrupt(r, problem);
	return (LedgerForm) head[3];
}
