// Searches the built site from files, with no network, and ends with 1 where the page of symptoms isn't found.
const [modules, chromium, page] = process.argv.slice(2);
const { chromium: browser } = require(require.resolve('playwright-core', { paths: [modules] }));

(async () => {
  const started = await browser.launch({ executablePath: chromium, args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking'] });
  try {
    const tab = await started.newPage();
    await tab.context().setOffline(true);
    await tab.goto(page);
    await tab.locator('input.md-search__input').click();
    await tab.getByText('Type to start searching').waitFor({ state: 'attached', timeout: 60000 }); // the index is read
    await tab.locator('input.md-search__input').pressSequentially('deployment hangs', { delay: 20 });
    const found = tab.locator('.md-search-result__link[href*="troubleshooting"]').first();
    await found.waitFor({ state: 'attached', timeout: 60000 });
    console.log('the search finds', await found.getAttribute('href').then((href) => href.split('/').pop()));
  } finally {
    await started.close();
  }
})().catch((error) => {
  console.error(String(error));
  process.exit(1);
});
