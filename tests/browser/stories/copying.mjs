// What is to be used elsewhere is copied by a button, and by hand where there is none.

import { difference } from "../deeds.mjs";
import { check, expect, test } from "../registry.mjs";

async function opened(site, options) {
  const { component, fingerprint } = await difference(site, "socket-auth");
  const ada = await site.person("ada", options);
  await ada.go(`/mismatches/${component}/${fingerprint}`);
  return ada;
}

const line = (person) => person.page.locator("#line").inputValue();

test("copy", "a line for the replay is copied by a button", async (site) => {
  const ada = await opened(site, {});
  await ada.context.grantPermissions(["clipboard-read", "clipboard-write"]);
  const copied = () => ada.page.evaluate(() => navigator.clipboard.readText());
  await ada.page.getByRole("button", { name: "Copy the line" }).click();
  await ada.sees("that it is copied", (text) => text.includes("Copied."));
  expect(await copied(), await line(ada), "what was copied");
  expect(JSON.parse(await copied()).component, "socket-auth", "whose line it is");
  await ada.page.getByRole("button", { name: "Copy the commands" }).click();
  await ada.page.waitForFunction(async () => (await navigator.clipboard.readText()).startsWith("crossfade questions"));
  check((await copied()).includes("\ncrossfade replay - "), "both commands, a line each");
  await ada.isCalm("copying");
});

test("copy-unsafe", "where a browser lends no clipboard the line is selected, to be copied by hand", async (site) => {
  const ada = await opened(site, {});
  await ada.page.addInitScript(() => Object.defineProperty(navigator, "clipboard", { value: undefined }));
  await ada.page.reload();
  const selected = () => ada.page.evaluate(() => String(window.getSelection()));
  await ada.page.getByRole("button", { name: "Copy the line" }).click();
  await ada.sees("what to do", (text) => text.includes("It is selected"));
  expect(await selected(), await line(ada), "what is selected");
  await ada.page.getByRole("button", { name: "Copy the commands" }).click();
  check((await selected()).startsWith("crossfade questions"), "the commands are selected");
  await ada.isCalm("selecting");
});

test("copy-plain", "without a script there is no button that does nothing", async (site) => {
  const ada = await opened(site, { script: false });
  expect(await ada.page.getByRole("button", { name: /^Copy/ }).count(), 0, "buttons that copy");
  check((await line(ada)).startsWith("{"), "the line is there");
});
