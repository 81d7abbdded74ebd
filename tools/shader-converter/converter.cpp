// Converts MilkDrop's HLSL pixel shaders to GLSL ES 3.00, many in one process.
//
// Protocol, on standard input and output, both ways a header line and that many bytes:
//   in:   "<length>\n" and the HLSL source, whose entry point is `shader_body`
//   out:  "ok <length>\n" and GLSL, or "error <length>\n" and one or more lines that say why
// Ends at the end of the input. A source on which a library crashes ends the process: the caller knows
// which one it was, since answers come one by one.

#include <cstdio>
#include <cstdlib>
#include <string>

#include "glsl_optimizer.h"
#include "hlsl2glsl.h"

namespace {

// glsl-optimizer takes GLSL with these names for what a fragment shader gets and gives.
const char kPrologue[] =
    "#version 300 es\n"
    "#define lowp\n#define mediump\n#define highp\n"
    "#define gl_FragData _glesFragData\n"
    "out lowp vec4 _glesFragData[4];\n";

bool translate(const std::string& source, std::string& result) {
  ShHandle parser = Hlsl2Glsl_ConstructCompiler(EShLangFragment);
  bool good = Hlsl2Glsl_Parse(parser, source.c_str(), ETargetGLSL_ES_300, nullptr, ETranslateOpNone) &&
              Hlsl2Glsl_Translate(parser, "shader_body", ETargetGLSL_ES_300, ETranslateOpNone);
  result = good ? Hlsl2Glsl_GetShader(parser) : Hlsl2Glsl_GetInfoLog(parser);
  Hlsl2Glsl_DestructCompiler(parser);
  return good;
}

bool optimise(const std::string& source, std::string& result) {
  glslopt_ctx* context = glslopt_initialize(kGlslTargetOpenGLES30);
  glslopt_shader* shader =
      glslopt_optimize(context, kGlslOptShaderFragment, (kPrologue + source).c_str(), 0);
  bool good = glslopt_get_status(shader);
  result = good ? glslopt_get_output(shader) : glslopt_get_log(shader);
  glslopt_shader_delete(shader);
  glslopt_cleanup(context);
  return good;
}

}  // namespace

int main() {
  unsigned long length = 0;
  while (std::scanf("%lu", &length) == 1 && std::getchar() == '\n' && length < (1ul << 24)) {
    std::string source(length, '\0');
    if (std::fread(&source[0], 1, length, stdin) != length) return EXIT_FAILURE;
    std::string glsl, result;
    Hlsl2Glsl_Initialize();
    bool good = translate(source, glsl);
    if (good) {
      good = optimise(glsl, result);
    } else {
      result = glsl;
    }
    Hlsl2Glsl_Shutdown();
    std::printf("%s %zu\n", good ? "ok" : "error", result.size());
    std::fwrite(result.data(), 1, result.size(), stdout);
    std::fflush(stdout);
  }
  return EXIT_SUCCESS;
}
