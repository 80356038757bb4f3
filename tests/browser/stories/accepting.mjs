// A difference that legacy is wrong about is written down.

import { check, expect, test, until } from "../registry.mjs";

const DIFFERENCES = "/mismatches?component=http-auth&class=stricter";

async function accept(person, number, name) {
  await person.go(DIFFERENCES);
  await person.page.locator(".differences li:not(.accepted) h2 a").nth(number).click();
  await person.page.getByLabel("Name", { exact: true }).fill(name);
  await person.page.getByLabel("Who answers for it").fill("team identity");
  await person.page.getByLabel("For how many days").fill("7");
  await person.page.getByLabel("Why it is acceptable").fill("legacy never looked at the audience");
  await person.page.locator("summary", { hasText: /^Accept/ }).click();
  await person.page.getByRole("button", { name: "Accept, now" }).click();
}

for (const [name, script] of [["accept", true], ["accept-plain", false]]) {
  test(name, `a difference is accepted with owner, reason and end${script ? "" : ", without a script too"}`, async (site) => {
    await until("a difference", async () => {
      const answer = await site.service.control("GET", `/v1${DIFFERENCES}`);
      const open = JSON.parse(answer.text).mismatches.filter((each) => !each.accepted);
      return open.length > 0;
    });
    const ada = await site.person("ada", { script });
    await accept(ada, 0, name);
    const mine = await until("the accepted difference", async () => {
      const { accepted } = await site.service.flag("http-auth");
      return accepted.find((each) => each.name === name);
    });
    await ada.isCalm("accepting");
    expect(mine.owner, "team identity", "the owner");
    check(Date.parse(mine.expires_at) > Date.now(), "it ends, and not yet");
  });
}
