// server.cjs EXAMPLE PICTURES: a server of Cube on the loopback over the model of the
// folder EXAMPLE.  It is asked over HTTP what BI tools would, its answers are compared
// with plain SQL over the views, and Chromium opens EXAMPLE's page and Cube's playground,
// without any other network, and leaves a picture of each in PICTURES.
//
// A server of Cube wants a binary, which its packages download, for SQL clients, for
// templates in a model and for pre-aggregations.  The model needs none of them; up to
// the version here what is asked over HTTP is answered by JavaScript alone.  Without
// CUBEJS_DEV_MODE it keeps no store of its own, which it would download when first asked.
Object.assign(process.env, {
	CUBEJS_TELEMETRY: 'false', CUBEJS_CACHE_AND_QUEUE_DRIVER: 'memory', NODE_ENV: 'development',
	CUBEJS_DB_TYPE: 'postgres', CUBEJS_DB_HOST: process.env.PGHOST, CUBEJS_DB_NAME: process.env.PGDATABASE ?? 'postgres',
	...process.env.PGPORT && { CUBEJS_DB_PORT: process.env.PGPORT },
	CUBEJS_DB_USER: process.env.PGUSER ?? require('os').userInfo().username,
});
const fs = require('fs');
const http = require('http');
const Module = require('module');
const path = require('path');
const { pathToFileURL } = require('url');

// in place of the binary
const load = Module._load;
Module._load = (name, ...more) => name !== '@cubejs-backend/native' ? load(name, ...more) :
	{ setupLogger: () => {}, isFallbackBuild: () => true, NativeInstance: class { newJinjaEngine() { return {}; } } };

const express = require('express');
const { Client } = require('pg');
const { CubejsServerCore } = require('@cubejs-backend/server-core');
const questions = require('./questions.cjs');

const [example, pictures] = process.argv.slice(2).map(folder => path.resolve(folder));
let failed = 0, log = '';

function said(right, name, ...details)
{
	console.log(`${right ? 'ok' : 'not ok'} Cube's server: ${name}`);
	if (!right)
	{
		failed++;
		console.log(...details);
	}
}

async function serve()
{
	// it takes a path below the folder where it runs, and writes there
	const place = fs.mkdtempSync(path.join(require('os').tmpdir(), 'cube-'));
	fs.cpSync(path.join(example, 'model'), path.join(place, 'model'), { recursive: true });
	process.chdir(place);
	const core = new CubejsServerCore({ dbType: 'postgres', devServer: true, apiSecret: 'of a test', telemetry: false, schemaPath: 'model',
		scheduledRefreshTimer: false, logger: (message, more) => { log += `${message} ${JSON.stringify(more)}\n`; console.error(message, JSON.stringify(more).slice(0, 1000)); } });
	const app = express();
	app.use(express.json());
	// as its own program does: pages from elsewhere may ask
	app.use((request, response, next) => { response.setHeader('Access-Control-Allow-Origin', '*'); next(); });
	await core.initApp(app);
	const server = http.createServer(app);
	await new Promise(resolve => server.listen(0, '127.0.0.1', resolve));
	return `http://127.0.0.1:${server.address().port}`;
}

async function ask(root, query)
{
	for (;;)
	{
		const answer = await (await fetch(`${root}/cubejs-api/v1/load?query=${encodeURIComponent(JSON.stringify(query))}`)).json();
		if (answer.data)
			return answer.data;
		if (answer.error !== 'Continue wait')
			throw new Error(answer.error);
	}
}

const plain = rows => rows.map(row => row.map(value => value instanceof Date ? value.toISOString().replace('Z', '') :
	value === null || typeof value === 'boolean' || isNaN(value) ? value : Number(Number(value).toPrecision(12))));

async function answers(root, client)
{
	for (const [name, query, sql] of questions)
	{
		// members in the order of the columns of SQL
		const members = [...query.dimensions ?? [], ...(query.timeDimensions ?? []).map(({ dimension, granularity }) => `${dimension}.${granularity}`), ...query.measures];
		const data = await ask(root, { timezone: 'UTC', ...query, order: query.order.map(({ id, desc }) => [id, desc ? 'desc' : 'asc']) });
		const ours = plain(data.map(row => members.map(member => row[member])));
		const theirs = plain((await client.query({ text: sql, rowMode: 'array' })).rows);
		said(ours.length > 0 && JSON.stringify(ours) === JSON.stringify(theirs), `${name}, ${ours.length} rows`,
			JSON.stringify(ours.slice(0, 5)), JSON.stringify(theirs.slice(0, 5)));
	}
}

async function looks(root, client)
{
	const { chromium, look } = await import('./browser.mjs');
	if (!chromium)
	{
		console.log('SKIP: pages of Cube: Chromium is missing (make deps BROWSER=1)');
		return;
	}
	// the lines of its tables, made by SQL
	const { rows } = await client.query(`
		SELECT format('%s %s %s %s %%', age, to_char(sum(cohort_size), 'FM999,999,999'), to_char(sum(active), 'FM999,999,999'),
			to_char(100.0 * sum(active) / sum(cohort_size), 'FM990.0')) AS line
		FROM board.cells WHERE complete GROUP BY age
		UNION ALL SELECT format('%s %s %s %s %%', state, to_char(count(*), 'FM999,999,999'), to_char(sum(revenue), 'FM999,999,999,999'),
			to_char(avg(100 * p_alive), 'FM990.0')) FROM board.customers GROUP BY state`);
	const page = await look(root, `${pathToFileURL(path.join(example, 'page.html'))}?api=${root}`, path.join(pictures, 'cube-page.png'), '900,1500');
	for (const { line } of rows)
		if (!page.text.includes(line))
			page.problems.push(`lacks: ${line}`);
	said(page.problems.length === 0, `the page of the example, ${rows.length} lines`, page.problems.join('\n'), page.text);

	const query = { measures: ['cells.retention'], dimensions: ['cells.age'], order: [['cells.age', 'asc']] };
	const playground = await look(root, `${root}/#/build?query=${encodeURIComponent(JSON.stringify(query))}`, path.join(pictures, 'cube-playground.png'), '1400,1000');
	// it is Cube's own, and asks its makers' counter of visits, which is not reached
	const strange = playground.problems.filter(problem => !/^asks for|ERR_NAME_NOT_RESOLVED/.test(problem));
	for (const member of ['Cells Retention', 'Cells Age'])
		if (!playground.text.includes(member))
			strange.push(`lacks: ${member}`);
	said(strange.length === 0, 'its playground, with the members of the model', strange.join('\n'), playground.text);
}

(async () => {
	const root = await serve();
	const client = new Client();
	await client.connect();
	await client.query("SET timezone = 'UTC'");
	await answers(root, client);
	await looks(root, client);
	await client.end();
	said(!/ownload|Cube ?Store/.test(log), 'nothing is downloaded', log.match(/.*(ownload|Cube ?Store).*/)?.[0].slice(0, 1000));
	process.exit(failed ? 1 : 0);
})().catch(error => { console.log(`not ok Cube's server: ${error.stack || error}`); process.exit(1); });
