// Prints what feedsmith makes of the feed at an address.
const { parseFeed } = require("feedsmith");

fetch(process.argv[2])
  .then((answer) => answer.text())
  .then((text) => process.stdout.write(JSON.stringify(parseFeed(text))));
