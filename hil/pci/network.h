// What of this machine's own traffic goes over which network interface.
#ifndef HIL_PCI_NETWORK_H_
#define HIL_PCI_NETWORK_H_

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ixylab::hil {

struct InterfaceAddress {
  std::string interface;
  std::string address;      // "192.0.2.1", "2001:db8::1"
  bool link_local = false;  // of IPv6: the kernel gives one to every interface
};

struct Network {
  std::vector<InterfaceAddress> addresses;
  std::vector<std::string> default_routes;  // interfaces, IPv4 and IPv6
  /// Interfaces of the SSH connections that $SSH_CONNECTION and $SSH_CLIENT name.
  std::vector<std::string> ssh;

  /// Why `interface` must be left alone: "has the default route"; or nothing.
  std::optional<std::string> Use(std::string_view interface) const;
};

/// Of this process: its network namespace and environment.
Network ReadNetwork();

/// The interfaces with a default route in the text of /proc/net/route and of /proc/net/ipv6_route.
std::vector<std::string> DefaultRoutes(std::string_view ipv4, std::string_view ipv6);

}  // namespace ixylab::hil

#endif  // HIL_PCI_NETWORK_H_
