// kApiDocument: openapi.json, as the build has put it into the program.
#pragma once

namespace helpdesk {

extern const char* const kApiDocument;

}  // namespace helpdesk
