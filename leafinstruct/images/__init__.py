"""Images as bytes and as pixels: headers, decoding, small versions as displayed, and removal of metadata."""
