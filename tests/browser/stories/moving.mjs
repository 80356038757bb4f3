// Moving a component forward and back, with and without a script.

import { check, expect, test, until } from "../registry.mjs";
import { HOSTILE } from "../traffic.mjs";

const SHARE = "#unit-http-auth .unit-share .big";

/** Back in shadow, without latch and hold. */
async function calm(site, component = "http-auth") {
  const flag = await site.service.flag(component);
  if (flag.flag.stage.stage !== "shadow") {
    await site.service.control("POST", `/v1/flags/${component}/rollback`, { body: { note: "before a test" } });
  }
}

async function raise(person, share, note) {
  expect(await person.go(`/components/frontend-session/move?to=canary&share=${share}`), 200, "what it would do");
  await person.page.getByLabel("Why").fill(note);
  await person.page.getByRole("button", { name: /^Raise/ }).click();
  await person.page.waitForURL((url) => url.pathname === "/components/frontend-session");
}

test("live", "a share that is raised shows on an open overview without a reload, and numbers go on", async (site) => {
  const watcher = await site.person("vera");
  await watcher.go("/");
  await watcher.page.evaluate(() => { window.__sameDocument = true; });
  const before = await watcher.page.locator("#unit-http-auth").innerText();
  const ada = await site.person("ada");
  await ada.go("/components/http-auth/move?to=canary&share=5");
  await ada.page.getByLabel("Why").fill("first look");
  await ada.page.getByRole("button", { name: /^Raise/ }).click();
  await ada.page.waitForURL((url) => url.pathname === "/components/http-auth");
  await until("the share on the overview", async () => (await watcher.page.locator(SHARE).innerText()).startsWith("5"));
  const moved = await watcher.page.locator("#unit-http-auth .unit-match").innerText();
  await until("further comparisons", async () => (await watcher.page.locator("#unit-http-auth .unit-match").innerText()) !== moved);
  check(before !== (await watcher.page.locator("#unit-http-auth").innerText()), "the overview has changed");
  check(await watcher.page.evaluate(() => window.__sameDocument === true), "the page was loaded again");
  await watcher.isCalm("watching");
  await ada.isCalm("raising");
});

test("refused", "a step that is not allowed says why, and offers no button", async (site) => {
  await calm(site, "socket-auth");
  const ada = await site.person("ada");
  await ada.go("/components/socket-auth/move?to=live");
  await ada.sees("the reason", (text) => /one stage|not now/i.test(text));
  check(await ada.page.getByRole("button", { name: /^Raise/ }).isDisabled(), "the button is off");
  await ada.isCalm("being refused");
  const vera = await site.person("vera");
  await vera.go("/components/socket-auth");
  await vera.sees("which role it takes", (text) => text.includes("operator") || text.includes("promoter"));
  await vera.isCalm("looking");
});

test("stale", "whoever acts on an old page sees both versions, and nothing of his is done", async (site) => {
  await calm(site, "socket-auth");
  const ada = await site.person("ada");
  await ada.go("/components/socket-auth/move?to=canary&share=1");
  await site.service.move("socket-auth", { stage: "canary", share: 200, note: "somebody else" });
  await ada.page.getByLabel("Why").fill("too late");
  await ada.page.getByRole("button", { name: /^Raise/ }).click();
  await ada.sees("both versions", (text) => /faster/.test(text) && text.includes("Yours") && text.includes("Theirs"));
  expect((await site.service.flag("socket-auth")).flag.stage.share, 200, "the share");
  await ada.isCalm("being late");
});

test("back", "a rollback is one confirmed click, shows on the chart, and is latched", async (site) => {
  const ada = await site.person("ada");
  await ada.go("/components/socket-auth");
  await ada.page.getByText("Roll back to legacy").first().click();
  await ada.page.getByLabel("Why, if there is time").fill("it looks wrong");
  await ada.page.getByRole("button", { name: "Roll back, now" }).click();
  await until("shadow", async () => (await site.service.flag("socket-auth")).flag.stage.stage === "shadow");
  await ada.go("/components/socket-auth?span=15m");
  await ada.sees("the latch", (text) => /rolled back|latch/i.test(text));
  await until("the mark on a chart", async () => {
    await ada.page.reload();
    return (await ada.page.locator("#charts svg").allTextContents()).some((text) => /rolled back/i.test(text));
  });
  await ada.isCalm("rolling back");
});

test("everything", "everything to legacy says what would move before it moves", async (site) => {
  const ada = await site.person("ada");
  await ada.go("/");
  await ada.page.getByRole("link", { name: /Everything to legacy/ }).click();
  await ada.sees("what would move", (text) => text.includes("http-auth"));
  await ada.page.getByLabel(/^Why/).fill(HOSTILE.slice(0, 400));
  await ada.page.getByRole("button", { name: /to legacy, now/ }).click();
  await until("legacy", async () => (await site.service.flag("http-auth")).flag.stage.stage === "shadow");
  await ada.isCalm("sending everything back");
});

test("hold", "holding everything holds, and a hostile note is text in the history", async (site) => {
  const ada = await site.person("ada");
  await ada.go("/hold-all");
  await ada.page.getByLabel(/^Why/).fill(HOSTILE);
  await ada.page.getByRole("button", { name: /^Hold/ }).click();
  await until("the hold", async () => Boolean((await site.service.flag("frontend-session")).flag.hold));
  await ada.go("/history");
  await ada.sees("the note", (text) => text.includes("<script>window.__pwned=1"));
  await ada.isCalm("holding");
  await site.service.control("POST", "/v1/flags/frontend-session/release", { body: { note: "over" } });
});

test("plain", "without a script one raises, is refused, and rolls back all the same", async (site) => {
  const ada = await site.somebody({ script: false });
  await ada.signIn("ada");
  await raise(ada, 3, "without a script");
  await ada.sees("the share", (text) => text.includes("3 %"));
  await ada.go("/components/frontend-session/move?to=sealed");
  await ada.sees("the reason", (text) => /one stage|not now/i.test(text));
  await ada.go("/components/frontend-session");
  await ada.page.locator("summary", { hasText: "Roll back to legacy" }).click();
  await ada.page.getByRole("button", { name: "Roll back, now" }).click();
  await until("shadow", async () => (await site.service.flag("frontend-session")).flag.stage.stage === "shadow");
  await ada.isCalm("moving without a script");
});
