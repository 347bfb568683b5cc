const prices = { 42: 1995, 43: 250 }; // in cents

/** Answers {"sku": 42} with {"sku": 42, "cents": 1995}. */
export async function handler({ sku }) {
  const cents = prices[sku];
  if (cents === undefined) {
    throw new Error(`there is no sku ${sku}`);
  }
  return { sku, cents };
}
