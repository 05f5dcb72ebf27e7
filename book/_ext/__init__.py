"""What builds the book: the reader of its pages, the notebooks made of them, the site, the figures, the PDF."""
