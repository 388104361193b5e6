// funnel_agrees.mjs CASES ANSWERS FOLDER
//
// Does ClickHouse's windowFunnel find the furthest steps that window_funnel
// did, mode by mode?  CASES and ANSWERS are the tables of funnel_cases.sql as CSV,
// FOLDER is ClickHouse's.  Where chains can be broken ours searches them all, and
// may find a longer one.  A shorter one it finds in strict order alone, a few times
// in ten thousand: theirs passes over a step out of order where an older chain can
// take it, and goes on with the younger chain that it broke.  Prints how many
// agree; fails when one differs in the default mode, or theirs is longer elsewhere.
import { createRequire } from 'node:module';
import { mkdirSync, readFileSync } from 'node:fs';

const require = createRequire(process.env.PEERS_FROM + '/');
const [cases, answers, folder] = process.argv.slice(2);
mkdirSync(folder, { recursive: true });
const { Session } = require('chdb');
const session = new Session(folder);
const [version] = session.query('SELECT version()', 'TSV').trim().split('\n');

const modes = [...new Set(readFileSync(answers, 'utf8').trim().split('\n')
  .map((line) => line.replace(/,[^,]*,[^,]*$/, '').replace(/"/g, '')))].sort();
let wrong = modes.length === 0;
for (const mode of modes) {
  const words = mode.split(',').map((word) => word && `, '${word}'`).join('');
  let agree = 0, longer = 0, shorter = 0;
  // A window is a constant there: one query for each.
  for (let window = 0; window < 8; window++) {
    const [same, more, less] = session.query(`
      SELECT countIf(theirs = ours), countIf(theirs < ours), countIf(theirs > ours)
      FROM (
        SELECT id, windowFunnel(${window}${words})(at, a, b, c, d) AS theirs
        FROM file('${cases}', 'CSV', 'id UInt32, at UInt32, a UInt8, b UInt8, c UInt8, d UInt8')
        WHERE id % 8 = ${window}
        GROUP BY id) AS t
      JOIN (
        SELECT id, ours FROM file('${answers}', 'CSV', 'mode String, id UInt32, ours Int32')
        WHERE mode = '${mode}') AS o ON t.id = o.id`, 'TSV')
      .trim().split('\t').map(Number);
    agree += same;
    longer += more;
    shorter += less;
  }
  console.log(`window_funnel = windowFunnel of ClickHouse ${version}${words.replace(/'/g, '')} in ${agree} of ${agree + longer + shorter} random cases` +
    (longer > 0 ? `, finds a longer chain in ${longer}` : '') + (shorter > 0 ? `, a shorter one in ${shorter}` : ''));
  wrong ||= agree === 0 || (mode === '' && longer > 0) ||
    shorter > (mode.includes('strict_order') ? (agree + longer + shorter) / 1000 : 0);
}
process.exit(wrong ? 1 : 0);
