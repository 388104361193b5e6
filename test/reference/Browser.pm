# Chromium without a window, for the tests of what is looked at.
package Browser;

use strict;
use warnings FATAL => 'all';

use Exporter qw(import);
use IPC::Run;
use PostgreSQL::Test::Utils;

our @EXPORT_OK = qw(chromium browse requests messages $measures);

# The program, or nothing: make deps BROWSER=1 installs it.
sub chromium
{
	my ($program) = grep { -x } map { ("$_/chromium", "$_/chromium-browser", "$_/google-chrome") } split /:/, $ENV{PATH};
	return $program;
}

# What it writes of a file, and its log; what it asks for goes to a file beside.
sub browse
{
	my ($chromium, $file, $scheme, @more) = @_;
	my ($out, $errors) = ('', '');
	my $home = PostgreSQL::Test::Utils::tempdir();

	IPC::Run::run([ $chromium, '--headless', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--enable-logging=stderr', '--hide-scrollbars',
			'--disable-background-networking', '--disable-component-update', '--disable-sync', '--no-first-run', '--force-device-scale-factor=1',
			"--user-data-dir=$home", "--log-net-log=$file.netlog", '--host-resolver-rules=MAP * ~NOTFOUND',
			'--blink-settings=preferredColorScheme=' . ($scheme eq 'dark' ? 0 : 1), @more, "file://$file" ],
		'<', \undef, '>', \$out, '2>', \$errors, IPC::Run::timeout(120));
	return ($out, $errors);
}

# Addresses that are not files, of what the page asked for.
sub requests
{
	my $log = slurp_file("$_[0].netlog");
	my %seen = map { $_ => 1 } grep { !m{^(file|data|chrome)} && !m{//[^/]*\.(google|googleapis|gstatic)\.com} } $log =~ /"url":"([^"]+)"/g;
	return sort keys %seen;
}

# Messages on the console, of its log.
sub messages { return grep { /CONSOLE/ } split /\n/, $_[0] }

# What scripts in pages measure with.
our $measures = <<'EOT';
const inside = (a, b) => a.left >= b.left - 0.6 && a.right <= b.right + 0.6 && a.top >= b.top - 0.6 && a.bottom <= b.bottom + 0.6;
const light = c => { const f = c.map(x => x / 255).map(x => x <= 0.04045 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4); return 0.2126 * f[0] + 0.7152 * f[1] + 0.0722 * f[2]; };
const colour = s => s.match(/[\d.]+/g).slice(0, 3).map(Number);
const contrast = (a, b) => { const x = light(colour(a)), y = light(colour(b)); return (Math.max(x, y) + 0.05) / (Math.min(x, y) + 0.05); };
EOT

1;
