// The register document: the table of registers as Markdown.
#ifndef EMULATOR_82599_REGISTER_DOC_H_
#define EMULATOR_82599_REGISTER_DOC_H_

#include <string>

namespace ixylab::emulator::intel82599 {

/// All registers of the model in order of their offsets, as a Markdown document. REGISTERS.md is
/// its checked-in copy.
std::string RegisterDocument();

}  // namespace ixylab::emulator::intel82599

#endif  // EMULATOR_82599_REGISTER_DOC_H_
