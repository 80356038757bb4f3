// Runs the browser's tests: `--list` shows them, `--only NAME` runs one, or all whose names begin so.

import { TESTS } from "./registry.mjs";
import "./stories/signing_in.mjs";
import "./stories/moving.mjs";
import "./stories/accepting.mjs";
import "./stories/copying.mjs";
import "./stories/reporting.mjs";
import "./stories/wandering.mjs";
import "./stories/keyboard.mjs";
import "./stories/hostile.mjs";
import "./stories/every_page.mjs";

const TEST_MS = 300_000;

function chosen(words) {
  const only = words.indexOf("--only");
  if (only < 0) return TESTS;
  const wanted = words[only + 1] ?? "";
  return TESTS.filter(({ name }) => name === wanted || name.startsWith(`${wanted}-`));
}

async function within(ms, body) {
  let late;
  const limit = new Promise((_, fail) => {
    late = setTimeout(() => fail(new Error(`takes longer than ${ms / 1000} s`)), ms);
  });
  try {
    await Promise.race([body, limit]);
  } finally {
    clearTimeout(late);
  }
}

async function run(tests) {
  const { Site } = await import("./site.mjs");
  const started = performance.now();
  const site = await Site.open();
  let failed = 0;
  try {
    for (const { name, sentence, body } of tests) {
      try {
        await within(TEST_MS, body(site));
        console.log(`ok      ${name}: ${sentence}`);
      } catch (error) {
        failed += 1;
        console.log(`FAILED  ${name}: ${sentence}\n        ${(error.stack ?? String(error)).replaceAll("\n", "\n        ")}`);
        for (const person of site.people) console.log(`        a window was at ${person.page.url()}`);
      }
      await site.tidy();
    }
    if (failed > 0) console.log(`---- end of the service's log\n${site.service.lastLog()}`);
  } finally {
    await site.close();
  }
  const seconds = Math.round((performance.now() - started) / 1000);
  console.log(`browser: ${tests.length - failed} passed, ${failed} failed in ${seconds} s`);
  return failed === 0 ? 0 : 1;
}

const words = process.argv.slice(2);
const tests = chosen(words);
if (words.includes("--list")) {
  for (const { name, sentence } of tests) console.log(name.padEnd(24) + sentence);
} else if (tests.length === 0) {
  console.error("browser: there is no such test; --list shows them");
  process.exitCode = 2;
} else {
  process.exitCode = await run(tests);
}
