// pages.mjs BUILD PICTURES SENTENCES: opens the pages of the folder BUILD by Chromium,
// from a server on the loopback and without any other network, leaves a picture of each
// in PICTURES, and looks: no message of an error, nothing asked of anybody else, and
// the lines of the file SENTENCES on the first page.
import { createServer } from 'node:http';
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { extname, join, normalize } from 'node:path';

const [build, pictures, sentences] = process.argv.slice(2);
const kinds = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css', '.json': 'application/json', '.wasm': 'application/wasm', '.svg': 'image/svg+xml' };

const chromium = ['chromium', 'chromium-browser', 'google-chrome'].flatMap(name => process.env.PATH.split(':').map(folder => join(folder, name))).find(existsSync);
if (!chromium)
{
	console.log('SKIP: pages of Evidence: Chromium is missing (make deps BROWSER=1)');
	process.exit(0);
}

const server = createServer((request, response) => {
	let file = join(build, normalize(decodeURIComponent(new URL(request.url, 'http://localhost').pathname)));
	if (existsSync(file) && statSync(file).isDirectory())
		file = join(file, 'index.html');
	if (!existsSync(file))
	{
		response.writeHead(404);
		response.end();
		return;
	}
	const whole = readFileSync(file);
	const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '');
	const from = range ? Number(range[1]) : 0, to = range && range[2] ? Math.min(Number(range[2]), whole.length - 1) : whole.length - 1;
	const head = { 'Content-Type': kinds[extname(file)] ?? 'application/octet-stream', 'Accept-Ranges': 'bytes', 'Content-Length': to - from + 1 };
	if (range)
		head['Content-Range'] = `bytes ${from}-${to}/${whole.length}`;
	response.writeHead(range ? 206 : 200, head);
	response.end(request.method === 'HEAD' ? undefined : whole.subarray(from, to + 1));
});

const browse = (url, home, ...more) => new Promise(resolve => execFile(chromium, ['--headless', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage',
	'--hide-scrollbars', '--enable-logging=stderr', '--disable-background-networking', '--disable-component-update', '--disable-sync', '--no-first-run',
	`--user-data-dir=${home}`, `--log-net-log=${home}/net.json`, '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1', ...more, url],
	{ maxBuffer: 1 << 28, timeout: 300000 }, (error, out, errors) => resolve([out, errors])));

server.listen(0, '127.0.0.1', async () => {
	const root = `http://127.0.0.1:${server.address().port}`;
	let failed = 0;
	for (const [name, path] of [['index', '/'], ['customers', '/customers/']])
	{
		const home = mkdtempSync(join(tmpdir(), 'pages-'));
		const [, first] = await browse(root + path, home, '--window-size=1200,2700', '--virtual-time-budget=60000', `--screenshot=${pictures}/evidence-${name}.png`);
		const log = readFileSync(`${home}/net.json`, 'utf8');
		const [out] = await browse(root + path, home, '--virtual-time-budget=60000', '--dump-dom');
		rmSync(home, { recursive: true, force: true });
		const text = out.replace(/<(script|style)\b.*?<\/\1>/gs, ' ').replace(/<[^>]*>/g, ' ').replace(/&gt;/g, '>').replace(/&lt;/g, '<').replace(/&amp;/g, '&').replace(/\s+/g, ' ');
		const problems = first.split('\n').filter(line => /CONSOLE.*(error|Uncaught)/i.test(line)).map(line => line.slice(0, 300));
		for (const url of new Set([...log.matchAll(/"url":"([^"]+)"/g)].map(match => match[1])))
			if (!url.startsWith(root) && !/^(data|blob|chrome|file)/.test(url) && !/\/\/[^/]*\.(google|googleapis|gstatic)\.com/.test(url))
				problems.push(`asks for ${url}`);
		if (/Query error|An error|Dataset is empty|is not defined/i.test(text))
			problems.push(text.match(/.{0,80}(Query error|An error|Dataset is empty|is not defined).{0,80}/i)[0]);
		if (name === 'index')
			for (const sentence of readFileSync(sentences, 'utf8').trim().split('\n'))
				if (!text.includes(sentence))
					problems.push(`lacks: ${sentence}`);
		console.log(`${problems.length ? 'not ok' : 'ok'} Evidence: the page ${name}`);
		if (problems.length)
		{
			failed++;
			console.log(problems.slice(0, 20).join('\n'));
		}
	}
	server.close();
	process.exit(failed ? 1 : 0);
});
