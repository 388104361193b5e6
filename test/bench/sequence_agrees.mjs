// sequence_agrees.mjs CASES FOLDER
//
// Do ClickHouse's sequenceMatch, sequenceCount and sequenceNextNode find what ours
// found?  CASES is a folder with the tables of sequence_cases.sql as CSV, FOLDER is
// ClickHouse's.  Prints how many agree, and the patterns that do not; fails when
// one does not.
import { createRequire } from 'node:module';
import { mkdirSync, readFileSync } from 'node:fs';

const require = createRequire(process.env.PEERS_FROM + '/');
const [cases, folder] = process.argv.slice(2);
mkdirSync(folder, { recursive: true });
const { Session } = require('chdb');
const session = new Session(folder);
const ask = (query) => session.query(query, 'TSV').trim().split('\n').map((line) => line.split('\t'));
const lines = (name) => readFileSync(`${cases}/${name}.csv`, 'utf8').trim().split('\n')
  .map((line) => line.replace(/"/g, '').split(','));

session.query('CREATE DATABASE agrees ENGINE = Atomic');
session.query('USE agrees');
for (const [table, columns] of Object.entries({
  sequence_cases: 'id UInt32, at UInt32, letter String, a UInt8, b UInt8, c UInt8, d UInt8, base UInt8',
  next_cases: 'id UInt32, at UInt32, letter String, base UInt8',
  sequence_answers: 'p UInt32, id UInt32, found UInt8, count UInt64',
  next_answers: 'p UInt32, id UInt32, next String',
})) {
  session.query(`CREATE TABLE ${table} (${columns}) ENGINE = MergeTree ORDER BY id`);
  session.query(`INSERT INTO ${table} SELECT * FROM file('${cases}/${table}.csv', 'CSV', '${columns}')`);
}

const total = {};
// Rows of a query are numbers: those that agree and those that do not.
function note(what, words, agree, differ) {
  total[what] ??= [0, 0];
  total[what][0] += Number(agree);
  total[what][1] += Number(differ);
  if (Number(differ) > 0) console.log(`${what} ${words}: ${differ} differ`);
}

for (const [p, pattern] of lines('sequence_patterns'))
  for (const [theirs, ours] of [['sequenceMatch', 'found'], ['sequenceCount', 'count']]) {
    const [[agree, differ]] = ask(`
      SELECT countIf(theirs = ${ours}), countIf(theirs != ${ours})
      FROM (SELECT id, ${theirs}('${pattern}')(at, a, b, c, d) AS theirs FROM sequence_cases GROUP BY id) AS t
      JOIN (SELECT * FROM sequence_answers WHERE p = ${p}) AS o ON t.id = o.id`);
    note(theirs, `'${pattern}'`, agree, differ);
  }
for (const [p, direction, base, chain] of lines('next_chains')) {
  const conditions = [...chain].map((letter) => `letter = '${letter}'`).join(', ');
  const [[agree, differ]] = ask(`
    SELECT countIf(theirs = next), countIf(theirs != next)
    FROM (
      SELECT id, coalesce(sequenceNextNode('${direction}', '${base}')(at, letter, base, ${conditions}), '') AS theirs
      FROM next_cases GROUP BY id) AS t
    JOIN (SELECT * FROM next_answers WHERE p = ${p}) AS o ON t.id = o.id
    SETTINGS allow_experimental_funnel_functions = 1`);
  note('sequenceNextNode', `${direction}, ${base}, ${chain}`, agree, differ);
}
const [[version]] = ask('SELECT version()');
let wrong = false;
for (const [what, [agree, differ]] of Object.entries(total)) {
  console.log(`${what} of ClickHouse ${version} agrees in ${agree} of ${agree + differ} random cases`);
  wrong ||= differ > 0 || agree === 0;
}
process.exit(wrong ? 1 : 0);
