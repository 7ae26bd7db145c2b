// Command lines as a shell has them.
#ifndef HIL_COMMAND_LINE_H_
#define HIL_COMMAND_LINE_H_

#include <string>

namespace ixylab::hil {

/// `word` as one word of a shell's: in quotes if it would not be left as it is.
std::string ForShell(const std::string& word);

/// This process's command line, as one types it into a shell to have the same again.
std::string CommandLine();

}  // namespace ixylab::hil

#endif  // HIL_COMMAND_LINE_H_
