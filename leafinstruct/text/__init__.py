"""What is known of text in any language: words, sentences, languages, addresses. Judges nothing and asks no model."""
