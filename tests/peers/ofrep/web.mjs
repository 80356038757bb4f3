// Follows a running service through the official web provider, whose flags are evaluated all at
// once and again when something changes. Usage: node web.mjs BASE_URL SUBJECT sse|polling. One JSON
// object a line on stdout: what the provider fetched and what came back, the flags when it is ready,
// and the flags after each change. Ends when stdin does.
import { EventSource } from 'eventsource';
import { OpenFeature, ProviderEvents } from '@openfeature/web-sdk';
import { OFREPWebProvider } from '@openfeature/ofrep-web-provider';

const [baseUrl, targetingKey, changeDetection] = process.argv.slice(2);
globalThis.EventSource = EventSource;

const tell = (what) => console.log(JSON.stringify(what));
const fetchImplementation = async (request, init) => {
  const response = await fetch(request, init);
  tell({ fetched: new URL(request.url).search, status: response.status });
  return response;
};

const provider = new OFREPWebProvider({
  baseUrl,
  changeDetection,
  fetchImplementation,
  cacheMode: 'disabled',
  pollInterval: changeDetection === 'polling' ? 200 : 0,
});
const client = OpenFeature.getClient();
const flags = () =>
  Object.fromEntries(
    Object.keys(provider.flagCache).map((key) => [key, client.getBooleanDetails(key, false)]),
  );

client.addHandler(ProviderEvents.ConfigurationChanged, (event) => {
  tell({ changed: event.flagsChanged, flags: flags() });
});
await OpenFeature.setContext({ targetingKey });
await OpenFeature.setProviderAndWait(provider);
tell({ ready: true, flags: flags() });

process.stdin.resume();
process.stdin.on('end', () => process.exit(0));
