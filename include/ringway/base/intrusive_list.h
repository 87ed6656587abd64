// Doubly linked list whose links live in its elements: insertion and removal allocate nothing.
//
// The list owns no element. An element is on at most one list per link, removes itself when it is
// destroyed, and must not move while it is linked.
#pragma once

#include <cstddef>

#include "ringway/base/assert.h"

namespace ringway::base {

class ListLink {
  public:
    ListLink() = default;
    ListLink(const ListLink&) = delete;
    ListLink& operator=(const ListLink&) = delete;
    ~ListLink() { unlink(); }

    bool is_linked() const { return next_ != nullptr; }
    void unlink() {
        if (next_ == nullptr) return;
        previous_->next_ = next_;
        next_->previous_ = previous_;
        next_ = previous_ = nullptr;
    }

  private:
    template <typename T, ListLink T::* Link>
    friend class IntrusiveList;

    ListLink* next_ = nullptr;
    ListLink* previous_ = nullptr;
};

template <typename T, ListLink T::* Link>
class IntrusiveList {
  public:
    IntrusiveList() { head_.next_ = head_.previous_ = &head_; }
    IntrusiveList(const IntrusiveList&) = delete;
    IntrusiveList& operator=(const IntrusiveList&) = delete;
    ~IntrusiveList() {
        RW_ASSERT(empty());
        head_.next_ = head_.previous_ = nullptr;
    }

    bool empty() const { return head_.next_ == &head_; }
    void push_back(T& element) { insert_before(&head_, element.*Link); }
    void push_front(T& element) { insert_before(head_.next_, element.*Link); }

    T& front() {
        RW_ASSERT(!empty());
        return owner_of(head_.next_);
    }
    T& back() {
        RW_ASSERT(!empty());
        return owner_of(head_.previous_);
    }
    T& pop_front() {
        T& element = front();
        (element.*Link).unlink();
        return element;
    }

    // Calls visit(element) for each; the visited element may unlink itself, others may not.
    template <typename Visitor>
    void for_each(Visitor visit) {
        for (ListLink* at = head_.next_; at != &head_;) {
            ListLink* following = at->next_;
            visit(owner_of(at));
            at = following;
        }
    }

    // The element after `element`, or nullptr at the end.
    T* next(T& element) {
        ListLink* following = (element.*Link).next_;
        return following == &head_ ? nullptr : &owner_of(following);
    }
    T* first() { return empty() ? nullptr : &owner_of(head_.next_); }

  private:
    static void insert_before(ListLink* place, ListLink& link) {
        RW_ASSERT(!link.is_linked());
        link.next_ = place;
        link.previous_ = place->previous_;
        place->previous_->next_ = &link;
        place->previous_ = &link;
    }
    static T& owner_of(ListLink* link) {
        // The distance from an element to its link is the same for every element.
        alignas(T) static char probe[sizeof(T)];
        T* base = reinterpret_cast<T*>(probe);
        const auto distance = reinterpret_cast<char*>(&(base->*Link)) - probe;
        return *reinterpret_cast<T*>(reinterpret_cast<char*>(link) - distance);
    }

    ListLink head_;
};

}  // namespace ringway::base
