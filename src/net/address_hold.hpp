// AddressHold: a connection's place among those of its address.
#pragma once

#include "shared_by_key.hpp"

namespace kefu::inline v0::net {

struct Counted {};
using AddressHolds = SharedByKey<Counted>;
using AddressHold = AddressHolds::Handle;

}  // namespace kefu::inline v0::net
