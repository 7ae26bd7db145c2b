#include "hil/pci/network.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <sstream>

#include "hil/pci/sysfs.h"
#include "hil/process.h"

namespace ixylab::hil {

namespace {

// Not getaddrinfo and getnameinfo: they load libraries, and a static program has none.

std::string AddressText(const sockaddr* address) {
  char text[INET6_ADDRSTRLEN] = "";
  if (address->sa_family == AF_INET) {
    const auto* in = reinterpret_cast<const sockaddr_in*>(address);
    inet_ntop(AF_INET, &in->sin_addr, text, sizeof(text));
  } else {
    const auto* in = reinterpret_cast<const sockaddr_in6*>(address);
    inet_ntop(AF_INET6, &in->sin6_addr, text, sizeof(text));
  }
  return text;
}

std::vector<InterfaceAddress> ReadAddresses() {
  std::vector<InterfaceAddress> addresses;
  ifaddrs* list = nullptr;
  if (getifaddrs(&list) != 0) throw PciError("cannot read the addresses of network interfaces");
  for (const ifaddrs* entry = list; entry != nullptr; entry = entry->ifa_next) {
    const sockaddr* address = entry->ifa_addr;
    if (address == nullptr) continue;
    if (address->sa_family != AF_INET && address->sa_family != AF_INET6) continue;
    const bool link_local =
        address->sa_family == AF_INET6 &&
        IN6_IS_ADDR_LINKLOCAL(&reinterpret_cast<const sockaddr_in6*>(address)->sin6_addr);
    addresses.push_back({entry->ifa_name, AddressText(address), link_local});
  }
  freeifaddrs(list);
  return addresses;
}

/// This machine's address on the way to `peer`; or nothing.
std::string LocalAddressTowards(const std::string& peer) {
  sockaddr_in ipv4{};
  ipv4.sin_family = AF_INET;
  ipv4.sin_port = htons(9);
  sockaddr_in6 ipv6{};
  ipv6.sin6_family = AF_INET6;
  ipv6.sin6_port = htons(9);
  const bool is_ipv4 = inet_pton(AF_INET, peer.c_str(), &ipv4.sin_addr) == 1;
  if (!is_ipv4 && inet_pton(AF_INET6, peer.c_str(), &ipv6.sin6_addr) != 1) return {};
  const auto* remote =
      is_ipv4 ? reinterpret_cast<const sockaddr*>(&ipv4) : reinterpret_cast<const sockaddr*>(&ipv6);
  // Connecting a UDP socket sends nothing: it asks the routing table.
  const Descriptor fd(socket(remote->sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  sockaddr_storage local{};
  socklen_t size = sizeof(local);
  if (connect(fd.get(), remote, is_ipv4 ? sizeof(ipv4) : sizeof(ipv6)) != 0 ||
      getsockname(fd.get(), reinterpret_cast<sockaddr*>(&local), &size) != 0) {
    return {};
  }
  return AddressText(reinterpret_cast<const sockaddr*>(&local));
}

/// sshd(8): SSH_CONNECTION is "client port server port", SSH_CLIENT "client port port".
std::vector<std::string> SshInterfaces(const std::vector<InterfaceAddress>& addresses) {
  std::vector<std::string> interfaces;
  const auto add = [&](const std::string& ours) {
    // A link-local address has its interface with it: "fe80::1%eth0".
    if (const std::size_t scope = ours.find('%'); scope != ours.npos) {
      interfaces.push_back(ours.substr(scope + 1));
    }
    for (const InterfaceAddress& address : addresses) {
      if (address.address == ours) interfaces.push_back(address.interface);
    }
  };
  for (const char* variable : {"SSH_CONNECTION", "SSH_CLIENT"}) {
    const char* value = std::getenv(variable);
    std::istringstream words(value == nullptr ? "" : value);
    std::string client, port, server;
    if (!(words >> client)) continue;
    add(client.find('%') == client.npos ? LocalAddressTowards(client) : client);
    if (std::string_view(variable) == "SSH_CONNECTION" && words >> port >> server) add(server);
  }
  return interfaces;
}

}  // namespace

std::vector<std::string> DefaultRoutes(std::string_view ipv4, std::string_view ipv6) {
  std::vector<std::string> interfaces;
  const auto words_of = [](const std::string& line) {
    std::istringstream stream(line);
    return std::vector<std::string>(std::istream_iterator<std::string>(stream), {});
  };
  // Interface, destination, gateway, flags, counters, metric, mask.
  std::istringstream lines4{std::string(ipv4)};
  for (std::string line; std::getline(lines4, line);) {
    const std::vector<std::string> words = words_of(line);
    if (words.size() > 7 && words[1] == "00000000" && words[7] == "00000000") {
      interfaces.push_back(words[0]);
    }
  }
  // Destination, its prefix length, ..., interface.
  std::istringstream lines6{std::string(ipv6)};
  for (std::string line; std::getline(lines6, line);) {
    const std::vector<std::string> words = words_of(line);
    if (words.size() == 10 && words[1] == "00" && words[9] != "lo" &&
        words[0].find_first_not_of('0') == std::string::npos) {
      interfaces.push_back(words[9]);
    }
  }
  return interfaces;
}

Network ReadNetwork() {
  Network network;
  network.addresses = ReadAddresses();
  network.default_routes =
      DefaultRoutes(ReadText("/proc/net/route"), ReadText("/proc/net/ipv6_route"));
  network.ssh = SshInterfaces(network.addresses);
  return network;
}

std::optional<std::string> Network::Use(std::string_view interface) const {
  if (std::ranges::find(ssh, interface) != ssh.end()) return "carries your SSH connection";
  if (std::ranges::find(default_routes, interface) != default_routes.end()) {
    return "has the default route";
  }
  for (const InterfaceAddress& address : addresses) {
    if (address.interface == interface && !address.link_local) {
      return "has the address " + address.address;
    }
  }
  return std::nullopt;
}

}  // namespace ixylab::hil
