// Prints which features of a page the mail programs named do not support: { feature: [program, ...] }.
// Arguments: the folder of npm's packages, the page, a pattern for each kind of mail program.
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const [modules, page, ...clients] = process.argv.slice(2);
const { caniemail } = await import(pathToFileURL(`${modules}/caniemail/dist/index.js`));
// It stumbles over word-wrap, the older name of overflow-wrap, for which it has no data.
const html = readFileSync(page, "utf8").replaceAll(/word-wrap:[^;"}]*;?/g, "");
const found = {};
for (const [client, issues] of caniemail({ clients, html }).issues.errors) {
  for (const { title } of issues) (found[title] ??= new Set()).add(client);
}
console.log(JSON.stringify(Object.fromEntries(Object.entries(found).map(([title, set]) => [title, [...set].sort()]))));
