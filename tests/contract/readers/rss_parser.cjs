// Prints what rss-parser makes of the feed at an address.
const Parser = require("rss-parser");

new Parser().parseURL(process.argv[2]).then((feed) => process.stdout.write(JSON.stringify(feed)));
