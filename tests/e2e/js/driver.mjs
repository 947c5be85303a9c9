// Lets a test steer a client: one line of JSON in, {"id", "do", ...}; one line out, {"id", "result"} or {"id", "error"}.
import readline from "node:readline";
import { inspect } from "node:util";
import { logger } from "matrix-js-sdk/lib/logger.js";
import { Person } from "./client.mjs";

// Standard output is for answers; what the SDK has to say goes to standard error, and only if it is serious.
logger.setLevel?.("silent", false);
for (const name of ["trace", "debug", "info", "log", "warn"]) console[name] = () => {};

const COMMANDS = ["connect", "dm", "join", "members", "say", "react", "wait", "shield", "verify", "undecryptable", "identity", "quit"];
const person = new Person();

async function answer(line) {
  const { id, do: command, ...parameters } = JSON.parse(line);
  try {
    if (!COMMANDS.includes(command)) throw new Error(`there is no command ${command}`);
    return { id, result: (await person[command](parameters)) ?? null };
  } catch (problem) {
    return { id, error: problem instanceof Error ? `${problem.name}: ${problem.message}` : inspect(problem) };
  }
}

const lines = readline.createInterface({ input: process.stdin });
lines.on("line", async (line) => process.stdout.write(JSON.stringify(await answer(line)) + "\n"));
lines.on("close", () => process.exit(0));
