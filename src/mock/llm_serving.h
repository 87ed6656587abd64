// How one connection answers on the paths of language models. Made with its first such request.
#pragma once

#include <string>

#include "answer.h"
#include "http_reader.h"
#include "llm_reply.h"

namespace ringway::mock {

class LlmServing {
  public:
    // Fills `plan` and `text` with a reply, a stream, or an error about the request.
    void choose(const HttpRequest& request, const Behaviour& behaviour, base::Random& random,
                LlmParser& parser, AnswerPlan& plan, std::string& text);
    // The error of that status which the origin makes on purpose.
    void choose_error(const HttpRequest& request, int status, AnswerPlan& plan, std::string& text);

  private:
    void plan_fault(AnswerPlan& plan, std::string& text);

    LlmReply reply_;
    LlmFault fault_;
    LlmStream stream_;
};

}  // namespace ringway::mock
