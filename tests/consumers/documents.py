"""Documents that a person would sign."""

import zipfile

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


TEXT_TYPE = "application/vnd.oasis.opendocument.text"
CONTENT = """<?xml version="1.0" encoding="UTF-8"?>
<office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"
 xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0" office:version="1.3">
<office:body><office:text><text:p>Lent until Sunday</text:p></office:text></office:body>
</office:document-content>
"""
MANIFEST = f"""<?xml version="1.0" encoding="UTF-8"?>
<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"
 manifest:version="1.3">
<manifest:file-entry manifest:full-path="/" manifest:version="1.3" manifest:media-type="{TEXT_TYPE}"/>
<manifest:file-entry manifest:full-path="content.xml" manifest:media-type="text/xml"/>
</manifest:manifest>
"""


def write_odt(path):
    """A text document of one paragraph (OpenDocument 1.3)."""
    with zipfile.ZipFile(path, "w") as document:
        document.writestr("mimetype", TEXT_TYPE)
        document.writestr("content.xml", CONTENT)
        document.writestr("META-INF/manifest.xml", MANIFEST)
