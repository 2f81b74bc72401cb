"""Documents that a person would sign."""

PAGE = "BT /F 24 Tf 72 720 Td (Lent until Sunday) Tj ET"
OBJECTS = (
    "<< /Type /Catalog /Pages 2 0 R >>",
    "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
    "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources "
    "<< /Font << /F << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >> >> >>",
    f"<< /Length {len(PAGE)} >>\nstream\n{PAGE}\nendstream",
)


def pdf():
    """A PDF of one page, in bytes."""
    text, places = "%PDF-1.7\n", []
    for number, content in enumerate(OBJECTS, 1):
        places.append(len(text))
        text += f"{number} 0 obj\n{content}\nendobj\n"
    table = len(text)
    text += f"xref\n0 {len(OBJECTS) + 1}\n0000000000 65535 f \n"
    text += "".join(f"{place:010} 00000 n \n" for place in places)
    text += f"trailer\n<< /Size {len(OBJECTS) + 1} /Root 1 0 R >>\nstartxref\n{table}\n%%EOF\n"
    return text.encode()
