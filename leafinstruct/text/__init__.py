"""Text in any language: words, sentences, languages, URLs. Judges nothing and calls no language model."""
