#include "pdf_update.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <podofo/podofo.h>

using namespace PoDoFo;

namespace
{

enum { SIGNATURES_EXIST = 1, APPEND_ONLY = 2 }; /* SigFlags, ISO 32000-1 table 219 */
enum { ANNOTATION_PRINT = 4, ANNOTATION_LOCKED = 128 };

/* A name that no field of the document has. */
PdfString
unused_name(PdfMemDocument &document)
{
	char name[32];
	bool used = true;

	for (unsigned number = 1; used; number++) {
		std::snprintf(name, sizeof(name), "Signature%u", number);
		used = false;
		for (int p = 0; !used && p < document.GetPageCount(); p++) {
			PdfPage *page = document.GetPage(p);

			for (int i = 0; !used && i < page->GetNumFields(); i++)
				used = page->GetField(i).GetFieldName() == PdfString(name);
		}
	}
	return PdfString(name);
}

void
set_up_form(PdfMemDocument &document)
{
	PdfDictionary &form =
	    document.GetAcroForm(ePdfCreateObject, ePdfAcroFormDefaultAppearance_None)
		->GetObject()
		->GetDictionary();

	form.AddKey(PdfName("SigFlags"), PdfObject(pdf_int64(SIGNATURES_EXIST | APPEND_ONLY)));
	/* A viewer that makes appearances anew would change what was signed. */
	if (form.HasKey(PdfName("NeedAppearances")))
		form.AddKey(PdfName("NeedAppearances"), PdfObject(false));
}

void
fill_signature(PdfSignatureField &field, const PdfData &beacon, const char *signer, time_t now)
{
	field.SetSignature(beacon);
	field.SetSignatureDate(PdfDate(now));
	PdfDictionary &signature = field.GetSignatureObject()->GetDictionary();
	signature.AddKey(PdfName("SubFilter"), PdfName("ETSI.CAdES.detached"));
	signature.AddKey(PdfName("Name"), PdfString(reinterpret_cast<const pdf_utf8 *>(signer)));
}

bool
update(const uint8_t *content, size_t len, const char *signer, time_t now, size_t room,
       PdfRefCountedBuffer &buffer, size_t *updated_len, char *error)
{
	PdfMemDocument document;
	PdfOutputDevice memory(&buffer);
	PdfSignOutputDevice device(&memory);

	document.LoadFromBuffer(reinterpret_cast<const char *>(content), static_cast<long>(len),
				true);
	if (document.GetEncrypt() != nullptr || document.GetPageCount() == 0) {
		std::snprintf(error, PDF_UPDATE_ERROR_MAX, "%s",
			      document.GetEncrypt() != nullptr ? "it is encrypted"
							       : "it has no page");
		return false;
	}
	device.SetSignatureSize(room);
	set_up_form(document);
	PdfSignatureField field(document.GetPage(0), PdfRect(0, 0, 0, 0), &document);
	field.SetFieldName(unused_name(document));
	field.GetWidgetAnnotation()->SetFlags(ANNOTATION_PRINT | ANNOTATION_LOCKED);
	fill_signature(field, *device.GetSignatureBeacon(), signer, now);
	document.WriteUpdate(&device, true);
	if (!device.HasSignaturePosition()) {
		std::snprintf(error, PDF_UPDATE_ERROR_MAX,
			      "no place for a signature could be made");
		return false;
	}
	device.AdjustByteRange();
	device.SetSignature(PdfData("\0", 1));
	device.Flush();
	*updated_len = device.GetLength();
	return true;
}

} // namespace

bool
pdf_update(const uint8_t *content, size_t len, const char *signer, time_t now, size_t room,
	   uint8_t **updated, size_t *updated_len, char error[PDF_UPDATE_ERROR_MAX])
{
	try {
		PdfRefCountedBuffer buffer;

		/* What it finds odd goes to standard error otherwise. */
		PdfError::EnableDebug(false);
		PdfError::EnableLogging(false);
		if (!update(content, len, signer, now, room, buffer, updated_len, error))
			return false;
		*updated = static_cast<uint8_t *>(std::malloc(*updated_len));
		if (*updated == nullptr) {
			std::snprintf(error, PDF_UPDATE_ERROR_MAX, "no memory is left");
			return false;
		}
		std::memcpy(*updated, buffer.GetBuffer(), *updated_len);
		return true;
	} catch (const PdfError &failure) {
		std::snprintf(error, PDF_UPDATE_ERROR_MAX, "%s",
			      PdfError::ErrorName(failure.GetError()));
	} catch (const std::exception &failure) {
		std::snprintf(error, PDF_UPDATE_ERROR_MAX, "%s", failure.what());
	}
	return false;
}
