// Opens the simulator's page in Chromium and looks at it as a person would: in light and dark, by keyboard.
// node dashboard.js URL CHROMIUM FOLDER; prints what was seen as JSON, and leaves light.png and dark.png in the folder.
const { chromium } = require("playwright-core");

const [url, executablePath, folder] = process.argv.slice(2);

(async () => {
  const browser = await chromium.launch({
    executablePath,
    args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
  });
  const seen = { problems: [], elsewhere: [] };
  for (const colorScheme of ["light", "dark"]) {
    const page = await browser.newPage({ colorScheme, viewport: { width: 1280, height: 1250 } });
    page.on("pageerror", (error) => seen.problems.push(String(error)));
    page.on("console", (message) => message.type() === "error" && seen.problems.push(message.text()));
    page.on("request", (request) => request.url().startsWith(url) || request.url().startsWith("data:") || seen.elsewhere.push(request.url()));
    await page.goto(url);
    await page.locator("#events tr").first().waitFor();
    await page.locator("#weights .weight").last().waitFor();
    await page.locator("#legend li").first().waitFor();
    await page.locator("#logs p").first().waitFor();
    seen[colorScheme] = {
      title: await page.title(),
      background: await page.evaluate(() => getComputedStyle(document.body).backgroundColor),
      chosen: await page.locator("#title").innerText(),
      events: await page.locator("#events tr").allInnerTexts(),
      bars: await page.locator("#picture rect").count(),
      weights: await page.locator("#weights .weight").allInnerTexts(),
      traffic: await page.locator("#legend li").allInnerTexts(),
      columns: await page.locator("#traffic rect").count(),
      logs: await page.locator("#logs p").allInnerTexts(),
    };
    await page.screenshot({ path: `${folder}/${colorScheme}.png` });
    // The oldest deployment is the last of the list: Tab to it, and choose it with the space bar.
    const last = page.locator("#deployments button").last();
    for (let i = 0; i < 50 && !(await last.evaluate((button) => button === document.activeElement)); i++) await page.keyboard.press("Tab");
    await page.keyboard.press("Space");
    seen[colorScheme].byKeyboard = await page.locator("#title").innerText();
    await page.close();
  }
  await browser.close();
  console.log(JSON.stringify(seen));
})().catch((error) => {
  console.error(error);
  process.exit(1);
});
