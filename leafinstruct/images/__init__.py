"""Images as bytes and as pixels: headers, decoding, the small version a reader sees, and what is stripped of them."""
