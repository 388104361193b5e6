// browser.mjs: a page opened by Chromium without any network but the loopback.
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export const chromium = ['chromium', 'chromium-browser', 'google-chrome'].flatMap(name => process.env.PATH.split(':').map(folder => join(folder, name))).find(existsSync);

const browse = (url, home, ...more) => new Promise(resolve => execFile(chromium, ['--headless', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage',
	'--hide-scrollbars', '--enable-logging=stderr', '--disable-background-networking', '--disable-component-update', '--disable-sync', '--no-first-run',
	`--user-data-dir=${home}`, `--log-net-log=${home}/net.json`, '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1', ...more, url],
	{ maxBuffer: 1 << 28, timeout: 300000 }, (error, out, errors) => resolve([out, errors])));

// look(ROOT, URL, PICTURE, SIZE): leaves a picture of the page, and returns what is to
// be read on it and what is wrong: messages of errors, and what was asked of anybody
// but ROOT.
export const look = async (root, url, picture, size = '1200,2700') => {
	const home = mkdtempSync(join(tmpdir(), 'pages-'));
	const [, first] = await browse(url, home, `--window-size=${size}`, '--virtual-time-budget=60000', `--screenshot=${picture}`);
	const log = readFileSync(`${home}/net.json`, 'utf8');
	const [out] = await browse(url, home, '--virtual-time-budget=60000', '--dump-dom');
	rmSync(home, { recursive: true, force: true });
	const text = out.replace(/<(script|style)\b.*?<\/\1>/gs, ' ').replace(/<[^>]*>/g, ' ').replace(/&gt;/g, '>').replace(/&lt;/g, '<').replace(/&amp;/g, '&').replace(/\s+/g, ' ');
	const problems = first.split('\n').filter(line => /CONSOLE.*(error|Uncaught)/i.test(line)).map(line => line.slice(0, 300));
	for (const asked of new Set([...log.matchAll(/"url":"([^"]+)"/g)].map(match => match[1])))
		if (!asked.startsWith(root) && !/^(data|blob|chrome|file)/.test(asked) && !/\/\/[^/]*\.(google|googleapis|gstatic)\.com/.test(asked))
			problems.push(`asks for ${asked}`);
	return { text, problems };
};
