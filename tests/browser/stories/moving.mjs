// Moving a component forward and back, with and without a script.

import { accept, accepted, difference, raise, rollBack, stands } from "../deeds.mjs";
import { check, expect, test, until } from "../registry.mjs";
import { HOSTILE } from "../traffic.mjs";

test("live", "a raised share shows on an open overview without a reload, and numbers move on", async (site) => {
  const watcher = await site.person("vera");
  await watcher.go("/");
  await watcher.page.evaluate(() => { window.__sameDocument = true; });
  const unit = watcher.page.locator("#c-http-auth");
  const ada = await site.person("ada");
  await raise(ada, "http-auth", 5, "first look");
  const share = unit.locator(".unit-share .big");
  await until("the share on the overview", async () => (await share.innerText()).startsWith("5"));
  const compared = () => unit.locator(".unit-match").innerText();
  const before = await compared();
  await until("further comparisons", async () => (await compared()) !== before);
  check(await watcher.page.evaluate(() => window.__sameDocument === true), "the page was loaded again");
  await watcher.isCalm("watching");
  await ada.isCalm("raising");
});

test("refused", "a step that is not allowed says why, and its button is off", async (site) => {
  const ada = await site.person("ada");
  await ada.go("/components/socket-auth/move?to=live");
  await ada.sees("the reason", (text) => text.includes("Not now"));
  check(await ada.page.getByRole("button", { name: /^Raise/ }).isDisabled(), "the button is off");
  await ada.isCalm("being refused");
  const vera = await site.person("vera");
  await vera.go("/components/socket-auth");
  await vera.sees("which role it takes", (text) => /role (operator|promoter)/.test(text));
  expect(await vera.page.locator("main form[method=post]").count(), 0, "forms that a viewer is offered");
  await vera.isCalm("looking");
});

test("stale", "whoever acts on an old page sees both versions, and nothing of his is done", async (site) => {
  const ada = await site.person("ada");
  await ada.go("/components/http-auth-stale/move?to=canary&share=1");
  await site.service.move("http-auth-stale", { stage: "canary", share: 200, note: "somebody else" });
  await ada.page.getByLabel("Why").fill("too late");
  await ada.page.getByRole("button", { name: /^Raise/ }).click();
  await ada.sees("both versions", (text) => ["faster", "Yours", "Theirs"].every((word) => text.includes(word)));
  expect((await site.service.flag("http-auth-stale")).share, 200, "the share");
  await ada.isCalm("being late");
});

test("stale-plan", "whoever steers an old plan sees both versions, and may do his all the same", async (site) => {
  const component = "http-auth-planned";
  await site.service.plan(component, 24);
  const ada = await site.person("ada");
  await ada.go(`/components/${component}`);
  await site.service.plan(component, 48);
  await ada.page.locator("summary", { hasText: "End the plan" }).click();
  await ada.page.locator("#plan-abort-note").fill("not this one");
  await ada.page.getByRole("button", { name: "End the plan" }).click();
  const both = ["Somebody was faster", "Yours", "to end it", "Theirs", "another plan"];
  await ada.sees("both versions", (text) => both.every((words) => text.includes(words)));
  const plan = async () => JSON.parse((await site.service.control("GET", `/v1/rollouts/${component}`)).text);
  expect((await plan()).state, "running", "the plan");
  await ada.isCalm("being late");
  await ada.page.locator("summary", { hasText: "Do mine all the same" }).click();
  await ada.page.getByRole("button", { name: "End the plan" }).click();
  await until("the end of the plan", async () => (await plan()).state === "aborted");
  await ada.isCalm("ending a plan");
});

test("back", "a rollback is one confirmed click, is latched, and is marked on the chart", async (site) => {
  const ada = await site.person("ada");
  await raise(ada, "http-auth-back", 10, "a tenth");
  await rollBack(ada, "http-auth-back", "it looks wrong");
  await stands(site, "http-auth-back", "shadow");
  await ada.go("/components/http-auth-back?span=15m");
  await ada.sees("the latch", (text) => text.includes("rolled back") && text.includes("it looks wrong"));
  const marks = ada.page.locator("#charts .chart-mark title");
  await until("its mark on a chart", async () => {
    const told = await marks.allTextContents();
    return told.some((text) => text.includes("rolled back to shadow by ada: it looks wrong"));
  });
  await ada.isCalm("rolling back");
});

test("chart", "a chart is read with the arrow keys and by the pointer, and tells its values in a table", async (site) => {
  const ada = await site.person("ada");
  await ada.go("/components/http-auth?span=15m");
  const chart = ada.page.locator("#charts .chart").first();
  const cursor = chart.locator(".chart-cursor");
  await cursor.waitFor();
  await cursor.focus();
  const told = await cursor.getAttribute("aria-valuetext");
  check(/^[^\n]+ UTC\n/.test(told), `the slider says ${told}`);
  await ada.page.keyboard.press("Home");
  expect(await cursor.getAttribute("aria-valuenow"), "1", "where Home leads");
  check(await chart.locator(".chart-reading").isVisible(), "the reading is shown");
  await chart.locator("summary").click();
  check((await chart.locator("table tbody tr").count()) > 0, "the table has rows");
  await chart.locator(".chart-hits rect").last().hover();
  check(await chart.locator(".chart-reading").isVisible(), "the pointer is told a reading");
  await ada.isCalm("reading a chart");
});

test("swept", "everything to legacy says what would move before it moves", async (site) => {
  const ada = await site.person("ada");
  await raise(ada, "http-auth-swept", 10, HOSTILE.slice(0, 200));
  // What nobody has heard of legacy for a minute is left where it is: somebody asks.
  await until("legacy's answer", async () => {
    const sub = `user-${Math.random()}`;
    return (await site.service.decide("http-auth-swept", site.service.token({ sub }))).served_by === "legacy";
  });
  await ada.go("/");
  await ada.page.getByRole("link", { name: /Everything to legacy/ }).click();
  await ada.sees("what would move", (text) => text.includes("http-auth-swept"));
  await ada.page.getByLabel(/^Why/).fill(HOSTILE.slice(0, 200));
  await ada.page.getByRole("button", { name: /to legacy, now/ }).click();
  await stands(site, "http-auth-swept", "shadow");
  await ada.go("/components/http-auth-swept");
  await ada.sees("the note as text", (text) => text.includes("<script>window.__pwned"));
  await ada.isCalm("sending everything back");
});

test("hold", "holding everything holds, and a release lets go", async (site) => {
  const ada = await site.person("ada");
  await ada.go("/hold-all");
  await ada.page.getByLabel(/^Why/).fill("an incident elsewhere");
  await ada.page.getByRole("button", { name: /^Hold/ }).click();
  await until("the hold", async () => (await site.service.flag("socket-auth")).hold);
  await ada.go("/components/socket-auth");
  await ada.page.locator("summary", { hasText: /^Release/ }).click();
  await ada.page.getByLabel("Why it is safe now").fill("over");
  await ada.page.getByRole("button", { name: "Release it" }).click();
  await until("the release", async () => !(await site.service.flag("socket-auth")).hold);
  await ada.isCalm("holding");
  await site.release();
});

test("plain", "without a script one signs in, raises, is refused, rolls back and accepts all the same", async (site) => {
  const ada = await site.somebody({ script: false });
  await ada.signIn("ada");
  await raise(ada, "http-auth-plain", 3, "without a script");
  await ada.sees("the share", (text) => text.includes("3 %"));
  await ada.go("/components/http-auth-plain/move?to=sealed");
  await ada.sees("the reason", (text) => text.includes("Not now") && text.includes("one stage at a time"));
  await rollBack(ada, "http-auth-plain");
  await stands(site, "http-auth-plain", "shadow");
  await until("the mark on the chart, by reload", async () => {
    await ada.go("/components/http-auth-plain?span=15m");
    const told = await ada.page.locator("#charts .chart-mark title").allTextContents();
    return told.some((text) => text.includes("rolled back"));
  });
  await difference(site, "frontend-session");
  await accept(ada, "frontend-session", "plainly");
  await ada.sees("that it is accepted", (text) => text.includes("Accepted now by plainly"));
  expect((await accepted(site, "frontend-session", "plainly")).owner, "team identity", "the owner");
  await ada.isCalm("moving without a script");
});
