// Who uses a server in the tests: people with a role, and programs with a token.

import type { Page } from "@playwright/test";
import { expect } from "@playwright/test";
import type { Server } from "./server.ts";

export type Role = "viewer" | "warehouse" | "operator" | "manager" | "admin";

/** The password of everybody. */
export const PASSWORD = "correct horse battery";

/** A person of this role; `name` tells two of them apart. */
export async function person(server: Server, role: Role, name: string = role): Promise<string> {
  const email = `${name}@example.com`;
  await server.run(["user", "create", "--email", email, "--role", role], `${PASSWORD}\n`);
  return email;
}

/** A program's token of this role. */
export async function token(server: Server, role: Role): Promise<string> {
  return server.run(["token", "create", "--name", `test-${role}`, "--role", role]);
}

/** Signs in as the sign-in form does, without showing it. */
export async function signIn(page: Page, server: Server, email: string): Promise<void> {
  const answer = await page.request.post(`${server.url}/sign-in`, {
    form: { email, password: PASSWORD, next: "/" },
    headers: { origin: server.url },
    maxRedirects: 0,
  });
  expect([answer.status(), answer.headers()["location"]]).toEqual([303, "/"]);
}
