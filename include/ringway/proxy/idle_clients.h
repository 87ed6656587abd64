// Client connections between requests, the longest idle first: the ones to close when connections
// run short.
#pragma once

#include "ringway/base/intrusive_list.h"

namespace ringway::proxy {

struct IdleClient {
    using Close = void (*)(IdleClient&);
    explicit IdleClient(Close how) : close_now(how) {}
    base::ListLink idle_link;
    Close close_now;
};

class IdleClients {
  public:
    void add(IdleClient& client) {
        if (!client.idle_link.is_linked()) list_.push_back(client);
    }
    // Asks the longest idle one to close. False when none is idle.
    bool close_one() {
        if (list_.empty()) return false;
        IdleClient& client = list_.pop_front();
        client.close_now(client);
        return true;
    }
    bool empty() const { return list_.empty(); }

  private:
    base::IntrusiveList<IdleClient, &IdleClient::idle_link> list_;
};

}  // namespace ringway::proxy
