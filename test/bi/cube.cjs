// cube.cjs MODEL: asks the Cube model in the folder MODEL what BI tools would, by the
// SQL that Cube's own compiler makes of it, and compares with plain SQL over the views.
// Cube's server and its newer planner want a binary that its packages download; the
// compiler and the older planner do not.
process.env.CUBEJS_TESSERACT_SQL_PLANNER = 'false';
process.env.CUBEJS_TELEMETRY = 'false';
const fs = require('fs');
const path = require('path');
const { Client } = require('pg');
const { prepareCompiler, PostgresQuery } = require('@cubejs-backend/schema-compiler');

const folder = process.argv[2];
const repository = {
	localPath: () => folder,
	dataSchemaFiles: () => Promise.resolve(fs.readdirSync(folder).filter(name => name.endsWith('.yml'))
		.map(name => ({ fileName: name, content: fs.readFileSync(path.join(folder, name), 'utf8') }))),
};

const questions = require('./questions.cjs');

const plain = rows => rows.map(row => row.map(value => value instanceof Date ? value.toISOString() :
	value === null || isNaN(value) ? value : Number(Number(value).toPrecision(12))));

(async () => {
	const compilers = prepareCompiler(repository, { nativeInstance: { newJinjaEngine: () => ({}) } });
	await compilers.compiler.compile();
	const client = new Client();
	await client.connect();
	await client.query("SET timezone = 'UTC'");
	let failed = 0;
	for (const [name, query, sql] of questions)
	{
		const [made, values] = new PostgresQuery(compilers, { timezone: 'UTC', ...query }).buildSqlAndParams();
		const ours = plain((await client.query({ text: made, values, rowMode: 'array' })).rows);
		const theirs = plain((await client.query({ text: sql, rowMode: 'array' })).rows);
		const same = ours.length > 0 && JSON.stringify(ours) === JSON.stringify(theirs);
		console.log(`${same ? 'ok' : 'not ok'} Cube: ${name}, ${ours.length} rows`);
		if (!same)
		{
			failed++;
			console.log(made, JSON.stringify(ours.slice(0, 5)), JSON.stringify(theirs.slice(0, 5)));
		}
	}
	await client.end();
	process.exit(failed ? 1 : 0);
})().catch(error => { console.log(`not ok Cube: ${error.stack || error}`); process.exit(1); });
