// Where files are: those that Bazel lays out for a program, and those that the user names.
#ifndef HIL_FILES_H_
#define HIL_FILES_H_

#include <string>

namespace ixylab::hil {

/// A path as the user means it: `bazel run` changes the working directory, and says where he was.
std::string FromUser(const std::string& path);

/// The path of `file` of this workspace among the runfiles, or nothing.
std::string FindRunfile(const std::string& file);

/// The path of "REPOSITORY/FILE" among the runfiles, or nothing.
std::string FindExternalRunfile(const std::string& file);

/// The program `name` on the PATH, or nothing.
std::string FindInPath(const std::string& name);

}  // namespace ixylab::hil

#endif  // HIL_FILES_H_
