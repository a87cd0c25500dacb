// fauxqs, a strict and fast SQS emulator, on 127.0.0.1. Its own command line would listen on every
// interface. Usage: node localstack/fauxqs.mjs PORT
import { buildApp } from "../.node/node_modules/fauxqs/dist/app.js";

const port = Number(process.argv[2]);
await buildApp({ logger: false }).listen({ port, host: "127.0.0.1" });
console.log(`fauxqs listens on 127.0.0.1:${port}`);
