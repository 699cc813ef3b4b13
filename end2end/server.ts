// Starts the real `onhand` on a free port with a data folder of its own.

import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const PROGRAM = resolve(process.env.ONHAND_BIN ?? "../target/debug/onhand");
const SITE = resolve(process.env.ONHAND_SITE_DIR ?? "../target/site");
const START_TIMEOUT_MS = 30_000;
/** `onhand` promises to end within 10 s of SIGTERM. */
const STOP_TIMEOUT_MS = 12_000;
const OUTPUT_LIMIT = 200_000;

export class Server {
  /** The address that the server printed, for example `http://127.0.0.1:40123`. */
  url = "";
  /** Everything the server printed, the newest 200,000 characters of it. */
  output = "";
  readonly data = mkdtempSync(join(tmpdir(), "onhand-"));
  private child?: ChildProcess;

  /** Starts `onhand <command>`; gives up when no address is printed in time. */
  async start(command: string[] = ["serve"], listen = "127.0.0.1:0"): Promise<void> {
    const args = [...command, "--data", this.data, "--listen", listen];
    const child = spawn(PROGRAM, args, {
      env: { ...process.env, ONHAND_SITE_DIR: SITE, NO_COLOR: "1" },
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.child = child;
    this.url = "";
    const from = this.output.length;
    await new Promise<void>((done, failed) => {
      const fail = (why: string) =>
        failed(new Error(`${PROGRAM} ${args.join(" ")}: ${why}\n${this.output}`));
      const timer = setTimeout(() => fail("printed no address in time"), START_TIMEOUT_MS);
      const read = (chunk: Buffer) => {
        this.output = (this.output + chunk.toString()).slice(-OUTPUT_LIMIT);
        const found = /http:\/\/(?:127\.0\.0\.1|localhost|\[::1\]):[1-9]\d*/.exec(
          this.output.slice(Math.min(from, this.output.length)),
        );
        if (found && !this.url) {
          this.url = found[0];
          clearTimeout(timer);
          done();
        }
      };
      child.stdout.on("data", read);
      child.stderr.on("data", read);
      child.once("error", (error) => fail(error.message));
      child.once("exit", (code, signal) => {
        clearTimeout(timer);
        fail(`ended with ${signal ?? code}`);
      });
    });
  }

  /** Starts again on the same data and the same port, as after an update. */
  async restart(command: string[] = ["serve"]): Promise<void> {
    const listen = new URL(this.url).host;
    await this.stop();
    await this.start(command, listen);
  }

  /** Ends the server (SIGTERM), or kills it where `signal` says so. */
  async stop(signal: NodeJS.Signals = "SIGTERM"): Promise<void> {
    const child = this.child;
    this.child = undefined;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise<void>((done) => child.once("exit", () => done()));
    child.kill(signal);
    const timer = setTimeout(() => child.kill("SIGKILL"), STOP_TIMEOUT_MS);
    await ended;
    clearTimeout(timer);
  }

  /** Ends the server and removes its data. */
  async remove(): Promise<void> {
    await this.stop();
    rmSync(this.data, { recursive: true, force: true });
  }

  /** Runs another command of `onhand` on the same data; gives what it printed. */
  async run(command: string[], input = ""): Promise<string> {
    const child = spawn(PROGRAM, [...command, "--data", this.data], {
      env: { ...process.env, NO_COLOR: "1" },
      stdio: ["pipe", "pipe", "pipe"],
    });
    let printed = "";
    let errors = "";
    child.stdout.on("data", (chunk: Buffer) => (printed += chunk.toString()));
    child.stderr.on("data", (chunk: Buffer) => (errors += chunk.toString()));
    // A command that reads nothing may have ended before its input is written.
    child.stdin.on("error", () => {});
    child.stdin.end(input);
    const code = await new Promise<number | null>((done, failed) => {
      child.once("error", failed);
      child.once("close", done);
    });
    if (code !== 0) throw new Error(`onhand ${command.join(" ")} ended with ${code}\n${errors}`);
    return printed.trim();
  }
}
