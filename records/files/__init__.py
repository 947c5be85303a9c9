"""Files that patients and doctors send: pictures, PDFs, recordings; sealed piece by piece as they come in."""
