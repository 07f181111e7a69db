// Opens the documentation in a browser, signs in and tries out an operation. Fails on a request to another host.
// usage: docs.js URL ACCESS_TOKEN SCREENSHOT
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";

const [, , server, token, screenshot] = process.argv;
const profile = mkdtempSync(join(tmpdir(), "docs-"));
const context = await chromium.launchPersistentContext(profile, {
  executablePath: "/usr/bin/chromium",
  viewport: { width: 1280, height: 1000 },
  args: [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
  ],
});
const faults = [];
try {
  const page = await context.newPage();
  page.setDefaultTimeout(20_000);
  page.on("request", (request) => {
    const { origin, protocol } = new URL(request.url());
    if (origin !== server && protocol !== "data:") faults.push(`asked ${request.url()}`);
  });
  page.on("pageerror", (error) => faults.push(`script: ${error.message}`));
  page.on("console", (message) => message.type() === "error" && faults.push(`console: ${message.text()}`));

  await page.goto(`${server}/api/v1/docs/`);
  await page.locator(".auth-wrapper .authorize").click();
  await page.locator(".modal-ux input").fill(token);
  await page.locator(".modal-ux button.authorize").click();
  await page.locator(".modal-ux .btn-done").click();

  const operation = page.locator("#operations-users-getMe");
  await operation.locator(".opblock-summary-control").click();
  await operation.locator(".execute").click();
  const status = operation.locator(".live-responses-table .response .response-col_status");
  await status.waitFor();
  const answered = (await status.innerText()).trim();
  if (!answered.startsWith("200")) faults.push(`getMe answered ${answered}`);

  // Optional parameters are not sent until they are selected, and the response is shown.
  const list = page.locator("#operations-books-listBooks");
  await list.locator(".opblock-summary-control").click();
  const fields = list.locator('tr[data-param-name="fields"] select');
  await fields.selectOption(["id", "title"]);
  const options = await fields.locator("option").allInnerTexts();
  if (!options.includes("published_date")) faults.push(`fields offers ${options}`);
  if (!(await list.locator('tr[data-param-name="If-None-Match"]').count())) faults.push("no If-None-Match");
  if (await list.locator('tr[data-param-name="author"] input').inputValue()) faults.push("a filter is filled in");
  await list.locator(".execute").click();
  await list.locator(".live-responses-table .response .response-col_status").waitFor();
  const asked = await list.locator(".request-url pre").innerText();
  if (!asked.endsWith("/books?limit=20&fields=id&fields=title")) faults.push(`listBooks asked ${asked}`);
  await page.locator("#operations-head-listBooksHead").waitFor();
  await list.scrollIntoViewIfNeeded();
  await page.screenshot({ path: screenshot });

  // The pages forget the token when they close.
  await page.reload();
  await page.locator(".auth-wrapper .authorize").waitFor();
  if (await page.locator(".auth-wrapper .authorize.locked").count()) faults.push("the token was kept");
} finally {
  await context.close();
  rmSync(profile, { recursive: true, force: true });
}
if (faults.length) throw new Error(faults.join("\n"));
console.log("the documentation signed in and read the account, from this server alone");
