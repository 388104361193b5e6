// funnel_agrees.mjs CASES ANSWERS FOLDER
//
// Does ClickHouse's windowFunnel find the furthest steps that window_funnel
// did?  CASES and ANSWERS are the tables of funnel_cases.sql as CSV, FOLDER is
// ClickHouse's.  Prints how many agree; fails when one does not.
import { createRequire } from 'node:module';
import { mkdirSync } from 'node:fs';

const require = createRequire(process.env.PEERS_FROM + '/');
const [cases, answers, folder] = process.argv.slice(2);
mkdirSync(folder, { recursive: true });
const { Session } = require('chdb');
const session = new Session(folder);

// A window is a constant there: one query for each.
let agree = 0, differ = 0;
for (let window = 0; window < 8; window++) {
  const [same, other] = session.query(`
    SELECT countIf(theirs = ours), countIf(theirs != ours)
    FROM (
      SELECT id, windowFunnel(${window})(at, a, b, c, d) AS theirs
      FROM file('${cases}', 'CSV', 'id UInt32, at UInt32, a UInt8, b UInt8, c UInt8, d UInt8')
      WHERE id % 8 = ${window}
      GROUP BY id) AS t
    JOIN file('${answers}', 'CSV', 'id UInt32, ours Int32') AS o ON t.id = o.id`, 'TSV')
    .trim().split('\t').map(Number);
  agree += same;
  differ += other;
}
const [[version]] = [session.query('SELECT version()', 'TSV').trim().split('\t')];
console.log(`window_funnel = windowFunnel of ClickHouse ${version} in ${agree} of ${agree + differ} random cases`);
process.exit(differ > 0 || agree === 0 ? 1 : 0);
