// A client on the TypeScript SDK, of its first line or its second: calls what it reads, a line of JSON at a time.
//
// It gets one argument, a document: `sdk` (1 or 2), `modules` (the folder of packages), `asks` (whether it can ask its
// user), and `command`, `args`, `env` of a server to start or `url` and `token` of one that runs. It writes
// {"tools": [...]}, and for each call that it reads {"result": ...}; a question to its user is {"question": ...}.
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";

const told = JSON.parse(process.argv[2]);
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const read = async () => JSON.parse((await lines.next()).value);
const write = (document) => process.stdout.write(JSON.stringify(document) + "\n");
const load = (path) => import(pathToFileURL(`${told.modules}/@modelcontextprotocol/${path}`));

const parts =
  told.sdk === 1
    ? {
        ...(await load("sdk/dist/esm/client/index.js")),
        ...(await load("sdk/dist/esm/client/stdio.js")),
        ...(await load("sdk/dist/esm/client/streamableHttp.js")),
        question: (await load("sdk/dist/esm/types.js")).ElicitRequestSchema,
      }
    : {
        ...(await load("client/dist/index.mjs")),
        ...(await load("client/dist/stdio.mjs")),
        question: "elicitation/create",
      };

const client = new parts.Client(
  { name: "typescript", version: "1" },
  {
    capabilities: told.asks ? { elicitation: { form: {} } } : {},
    versionNegotiation: { mode: "auto" },
  },
);
if (told.asks) {
  client.setRequestHandler(parts.question, async ({ params }) => {
    write({ question: params.message });
    return await read();
  });
}
const transport = told.url
  ? new parts.StreamableHTTPClientTransport(new URL(told.url), {
      requestInit: { headers: { Authorization: `Bearer ${told.token}` } },
    })
  : new parts.StdioClientTransport({ command: told.command, args: told.args, env: told.env, stderr: "ignore" });
await client.connect(transport);
write({ tools: (await client.listTools()).tools.map((tool) => tool.name) });

for (let call = await read(); call !== null; call = await read()) {
  try {
    write({ result: await client.callTool({ name: call.tool, arguments: call.arguments }) });
  } catch (error) {
    write({ result: `the client threw: ${error.message}` });
  }
}
await client.close();
process.exit(0);
