// A difference that legacy is wrong about is written down.

import { accept, accepted, difference } from "../deeds.mjs";
import { check, expect, test } from "../registry.mjs";

for (const [name, script] of [["accept", true], ["accept-plain", false]]) {
  test(name, `a difference is accepted with owner, reason and end${script ? "" : ", without a script too"}`, async (site) => {
    await difference(site, "http-auth");
    const ada = await site.person("ada", { script });
    await accept(ada, "http-auth", name);
    const mine = await accepted(site, "http-auth", name);
    await ada.isCalm("accepting");
    expect(mine.owner, "team identity", "the owner");
    check(Date.parse(mine.expires_at) > Date.now(), "it ends, and not yet");
  });
}
