"""A price list. Replace it by your function."""

PRICES = {"apple": 19.9, "pear": 24.5}


def handler(event, _context):
    sku = event.get("sku", "apple")
    if sku not in PRICES:
        return {"error": f"there is no {sku}"}
    return {"sku": sku, "price": PRICES[sku]}
