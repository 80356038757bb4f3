// Asks a running service through the official server provider. On stdin one JSON object: `baseUrl`,
// `headers` (pairs) and `questions` (`flag`, `context`, and `kind`, which is boolean or string). On
// stdout the details that an application gets, as a list.
import { text } from 'node:stream/consumers';
import { OpenFeature } from '@openfeature/server-sdk';
import { OFREPProvider } from '@openfeature/ofrep-provider';

const { baseUrl, headers, questions } = JSON.parse(await text(process.stdin));
await OpenFeature.setProviderAndWait(new OFREPProvider({ baseUrl, headers }));
const client = OpenFeature.getClient();

const answers = [];
for (const { flag, context, kind } of questions) {
  answers.push(
    kind === 'string'
      ? await client.getStringDetails(flag, 'fallback', context)
      : await client.getBooleanDetails(flag, false, context),
  );
}
console.log(JSON.stringify(answers));
await OpenFeature.close();
