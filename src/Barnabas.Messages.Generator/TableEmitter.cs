using System.Collections.Generic;
using System.Linq;
using Barnabas.Messages.Schemas;

namespace Barnabas.Messages.Generator;

/// <summary>Writes the tables over all messages: API keys, what each API is, and how numbers and names find their class.</summary>
internal static class TableEmitter
{
    /// <summary>Writes the enum and the tables.</summary>
    public static void Emit(CodeWriter code, IReadOnlyList<SchemaFile> files)
    {
        var apis = files.Where(file => file.ApiKey >= 0).OrderBy(file => file.ApiKey).ToList();
        Keys(code, apis);
        Apis(code, apis);
        foreach (var family in files.Where(file => file.Family.Length > 0).GroupBy(file => file.Family).OrderBy(group => group.Key))
        {
            Family(code, family.Key, family.SelectMany(file => file.Messages).OrderBy(message => message.Key).ToList());
        }

        All(code, files.SelectMany(file => file.Messages).OrderBy(message => message.Name, System.StringComparer.Ordinal).ToList());
    }

    private static void Keys(CodeWriter code, List<SchemaFile> apis)
    {
        code.Summary("The number of an API on the wire.").Open("public enum ApiKey : short");
        foreach (var api in apis)
        {
            code.Doc(api.Doc).Line($"{api.ApiName} = {api.ApiKey},");
        }

        code.Close().Line();
    }

    private static void Apis(CodeWriter code, List<SchemaFile> apis)
    {
        code.Summary("What every API is, by its number.").Open("public static class ApiTable");
        code.Summary("One more than the highest number.").Line($"public const int KeyCount = {apis.Max(api => api.ApiKey) + 1};").Line();
        code.Line("private static readonly ApiInfo[] Every =").Line("[");
        foreach (var api in apis)
        {
            code.Line($"    new ApiInfo(ApiKey.{api.ApiName}, \"{api.ApiName}\", {Facts(api)}),");
        }

        code.Line("];").Line();
        code.Line("private static readonly ApiInfo?[] ByKey = Index();").Line();
        code.Summary("Every API, by ascending number.").Line("public static ReadOnlySpan<ApiInfo> All => Every;").Line();
        code.Open("private static ApiInfo?[] Index()").Line("var byKey = new ApiInfo?[KeyCount];");
        code.Line("foreach (var api in Every) byKey[(int)api.Key] = api;").Line("return byKey;").Close().Line();
        code.Summary("What an API is, or null for a number that stands for none.");
        code.Line("public static ApiInfo? Find(short key) => (uint)key < KeyCount ? ByKey[key] : null;").Line();
        code.Summary("What an API is.").Line("public static ApiInfo Get(ApiKey key) => ByKey[(int)key]!;").Line();
        Switch(code, "MessageSchema RequestSchema(ApiKey key)", apis, api => $"{api.ApiName}Request.Schema");
        Switch(code, "MessageSchema ResponseSchema(ApiKey key)", apis, api => $"{api.ApiName}Response.Schema");
        Switch(code, "IMessage ReadRequest(ApiKey key, ref ByteReader r, short v)", apis, api => $"{api.ApiName}Request.Read(ref r, v)");
        Switch(code, "IMessage ReadResponse(ApiKey key, ref ByteReader r, short v)", apis, api => $"{api.ApiName}Response.Read(ref r, v)");
        code.Close().Line();
    }

    /// <summary>The numbers of an API in the order of ApiInfo: lowest, highest, latest stable, first flexible, listeners.</summary>
    private static string Facts(SchemaFile api)
    {
        var request = api.Messages[0];
        var stable = request.Unstable.IsEmpty ? request.Versions.Highest : request.Unstable.Lowest - 1;
        var flexible = request.Flexible.IsEmpty ? short.MaxValue : request.Flexible.Lowest;
        var listeners = api.Listeners.Select(name => "ApiListeners." + char.ToUpperInvariant(name[0]) + name.Substring(1));
        return $"{request.Versions.Lowest}, {request.Versions.Highest}, {stable}, {flexible}, {string.Join(" | ", listeners)}";
    }

    private static void Switch(CodeWriter code, string head, List<SchemaFile> apis, System.Func<SchemaFile, string> arm)
    {
        code.Summary("By API; the key must be one of the table.").Open($"public static {head} => key switch");
        foreach (var api in apis)
        {
            code.Line($"ApiKey.{api.ApiName} => {arm(api)},");
        }

        code.Line("_ => throw new MalformedException($\"there is no API {key}\"),").Close(";").Line();
    }

    private static void Family(CodeWriter code, string family, List<MessageSchema> messages)
    {
        code.Summary($"The records of the family {family} by their type.").Open($"public static class {family}Records");
        foreach (var (method, suffix) in new[] { ("ReadKey", "Key"), ("ReadValue", "Value"), ("Read", "Record") })
        {
            var members = messages.Where(message => message.Name.EndsWith(suffix, System.StringComparison.Ordinal)).ToList();
            if (members.Count > 0)
            {
                code.Summary("Reads one; null for a type that is not known.");
                code.Open($"public static IMessage? {method}(short type, short v, ref ByteReader r) => type switch");
                foreach (var message in members)
                {
                    code.Line($"{message.Key} => {message.Name}.Read(ref r, v),");
                }

                code.Line("_ => null,").Close(";").Line();
            }
        }

        code.Close().Line();
    }

    private static void All(CodeWriter code, List<MessageSchema> messages)
    {
        code.Summary("Every message by the name of its class, for tools and tests.").Open("public static class MessageTable");
        code.Summary("All names, in ordinal order.");
        code.Line("public static IReadOnlyList<string> Names { get; } =").Line("[");
        foreach (var message in messages)
        {
            code.Line($"    \"{message.Name}\",");
        }

        code.Line("];").Line();
        code.Summary("The schema of a name, or null.").Open("public static MessageSchema? Find(string name) => name switch");
        foreach (var message in messages)
        {
            code.Line($"\"{message.Name}\" => {message.Name}.Schema,");
        }

        code.Line("_ => null,").Close(";").Line();
        code.Summary("Reads the message of a name, which must be one of <see cref=\"Names\"/>.");
        code.Open("public static IMessage Read(string name, ref ByteReader r, short v) => name switch");
        foreach (var message in messages)
        {
            code.Line($"\"{message.Name}\" => {message.Name}.Read(ref r, v),");
        }

        code.Line("_ => throw new ArgumentException(name, nameof(name)),").Close(";").Close();
    }
}
