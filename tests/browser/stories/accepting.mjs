// A difference that legacy is wrong about is written down.

import { check, expect, test, until } from "../registry.mjs";

async function accept(person, service, name) {
  await person.go("/mismatches?component=http-auth&class=stricter");
  await person.page.locator("h2 a[href^='/mismatches/http-auth/']").first().click();
  await person.page.getByLabel("Name", { exact: true }).fill(name);
  await person.page.getByLabel("Who answers for it").fill("team identity");
  await person.page.getByLabel("For how many days").fill("7");
  await person.page.getByLabel("Why it is acceptable").fill("legacy never looked at the audience");
  await person.page.locator("summary", { hasText: /^Accept/ }).click();
  await person.page.getByRole("button", { name: "Accept, now" }).click();
  await until("the accepted difference", async () => {
    const { flag } = await service.flag("http-auth");
    return flag.accepted.some((each) => each.name === name);
  });
}

for (const [test_name, script] of [["accept", true], ["accept-plain", false]]) {
  test(test_name, `a difference is accepted with owner, reason and end${script ? "" : ", without a script too"}`, async (site) => {
    await until("a difference", async () => {
      const answer = await site.service.control("GET", "/v1/mismatches?component=http-auth&class=stricter");
      return answer.status === 200 && JSON.parse(answer.text).groups?.length > 0;
    });
    const ada = await site.somebody({ script });
    await ada.signIn("ada");
    await accept(ada, site.service, test_name);
    await ada.isCalm("accepting");
    const { flag } = await site.service.flag("http-auth");
    const mine = flag.accepted.find((each) => each.name === test_name);
    expect(mine.owner, "team identity", "the owner");
    check(Date.parse(mine.expires_at) > Date.now(), "it ends, and not yet");
  });
}
