// pages.mjs BUILD PICTURES SENTENCES: opens the pages of the folder BUILD by Chromium,
// from a server on the loopback and without any other network, leaves a picture of each
// in PICTURES, and looks: no message of an error, nothing asked of anybody else, and
// the lines of the file SENTENCES on the first page.
import { createServer } from 'node:http';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { extname, join, normalize } from 'node:path';
import { chromium, look } from './browser.mjs';

const [build, pictures, sentences] = process.argv.slice(2);
const kinds = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css', '.json': 'application/json', '.wasm': 'application/wasm', '.svg': 'image/svg+xml' };

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

server.listen(0, '127.0.0.1', async () => {
	const root = `http://127.0.0.1:${server.address().port}`;
	let failed = 0;
	for (const [name, path] of [['index', '/'], ['customers', '/customers/']])
	{
		const { text, problems } = await look(root, root + path, `${pictures}/evidence-${name}.png`);
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
