using System.Globalization;

namespace Barnabas.Cluster.Groups.Consumer;

/// <summary>
/// A set of characters of a regular expression. Names of topics are ASCII, so only that part is kept exactly; beyond it a set has one
/// character, or all, or none. Immutable.
/// </summary>
internal readonly record struct PatternClass(UInt128 Bits, bool HasOthers = false, char Other = '\0')
{
    public static readonly PatternClass All = new(UInt128.MaxValue, HasOthers: true);
    public static readonly PatternClass Digits = Of(c => c is >= '0' and <= '9');
    public static readonly PatternClass Words = Of(c => char.IsAsciiLetterOrDigit(c) || c == '_');
    public static readonly PatternClass Spaces = Of(c => c is '\t' or '\n' or '\f' or '\r' or ' ');

    private static readonly string[] Scripts =
    [
        "Adlam", "Ahom", "Anatolian_Hieroglyphs", "Arabic", "Armenian", "Avestan", "Balinese", "Bamum", "Bassa_Vah", "Batak", "Bengali",
        "Bhaiksuki", "Bopomofo", "Brahmi", "Braille", "Buginese", "Buhid", "Canadian_Aboriginal", "Carian", "Caucasian_Albanian", "Chakma",
        "Cham", "Cherokee", "Chorasmian", "Coptic", "Cuneiform", "Cypriot", "Cyrillic", "Deseret", "Devanagari", "Dives_Akuru", "Dogra",
        "Duployan", "Egyptian_Hieroglyphs", "Elbasan", "Elymaic", "Ethiopic", "Georgian", "Glagolitic", "Gothic", "Grantha", "Greek",
        "Gujarati", "Gunjala_Gondi", "Gurmukhi", "Han", "Hangul", "Hanifi_Rohingya", "Hanunoo", "Hatran", "Hebrew", "Hiragana",
        "Imperial_Aramaic", "Inherited", "Inscriptional_Pahlavi", "Inscriptional_Parthian", "Javanese", "Kaithi", "Kannada", "Katakana",
        "Kayah_Li", "Kharoshthi", "Khitan_Small_Script", "Khmer", "Khojki", "Khudawadi", "Lao", "Lepcha", "Limbu", "Linear_A", "Linear_B",
        "Lisu", "Lycian", "Lydian", "Mahajani", "Makasar", "Malayalam", "Mandaic", "Manichaean", "Marchen", "Masaram_Gondi", "Medefaidrin",
        "Meetei_Mayek", "Mende_Kikakui", "Meroitic_Cursive", "Meroitic_Hieroglyphs", "Miao", "Modi", "Mongolian", "Mro", "Multani",
        "Myanmar",
        "Nabataean", "Nandinagari", "New_Tai_Lue", "Newa", "Nko", "Nushu", "Nyiakeng_Puachue_Hmong", "Ogham", "Ol_Chiki", "Old_Hungarian",
        "Old_Italic", "Old_North_Arabian", "Old_Permic", "Old_Persian", "Old_Sogdian", "Old_South_Arabian", "Old_Turkic", "Oriya", "Osage",
        "Osmanya", "Pahawh_Hmong", "Palmyrene", "Pau_Cin_Hau", "Phags_Pa", "Phoenician", "Psalter_Pahlavi", "Rejang", "Runic", "Samaritan",
        "Saurashtra", "Sharada", "Shavian", "Siddham", "SignWriting", "Sinhala", "Sogdian", "Sora_Sompeng", "Soyombo", "Sundanese",
        "Syloti_Nagri", "Syriac", "Tagalog", "Tagbanwa", "Tai_Le", "Tai_Tham", "Tai_Viet", "Takri", "Tamil", "Tangut", "Telugu", "Thaana",
        "Thai", "Tibetan", "Tifinagh", "Tirhuta", "Ugaritic", "Vai", "Wancho", "Warang_Citi", "Yezidi", "Yi", "Zanabazar_Square",
    ];

    private static readonly string[] Categories =
    [
        "L", "Lu", "Ll", "Lt", "Lm", "Lo", "M", "Mn", "Mc", "Me", "N", "Nd", "Nl", "No", "Z", "Zs", "Zl", "Zp", "C", "Cc", "Cf", "Cs", "Co",
        "P", "Pc", "Pd", "Ps", "Pe", "Pi", "Pf", "Po", "S", "Sm", "Sc", "Sk", "So",
    ];

    // In the order of UnicodeCategory.
    private static readonly string[] CategoryNames =
    [
        "Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Mc", "Me", "Nd", "Nl", "No", "Zs", "Zl", "Zp", "Cc", "Cf", "Cs", "Co", "Pc", "Pd", "Ps", "Pe",
        "Pi", "Pf", "Po", "Sm", "Sc", "Sk", "So", "Cn",
    ];

    public static PatternClass operator |(PatternClass one, PatternClass other) =>
        new(one.Bits | other.Bits, one.HasOthers || other.HasOthers);

    public static PatternClass operator ~(PatternClass one) => new(~one.Bits, !one.HasOthers);

    /// <summary>All characters from one to another; those beyond ASCII count for nothing.</summary>
    public static PatternClass Range(int first, int last) =>
        Of(c => c >= first && c <= last) with { HasOthers = first <= 128 && last >= 0x10FFFF };

    /// <summary>With both cases of each letter.</summary>
    public PatternClass AnyCase()
    {
        var bits = Bits;
        return Of(c => Has(bits, char.ToLowerInvariant(c)) || Has(bits, char.ToUpperInvariant(c))) with { HasOthers = HasOthers };
    }

    /// <summary>A class by the name between <c>[:</c> and <c>:]</c>, or null.</summary>
    public static PatternClass? Posix(string name) => name switch
    {
        "alnum" => Of(char.IsAsciiLetterOrDigit),
        "alpha" => Of(char.IsAsciiLetter),
        "ascii" => All,
        "blank" => Of(c => c is ' ' or '\t'),
        "cntrl" => Of(char.IsControl),
        "digit" => Digits,
        "graph" => Of(c => c is > ' ' and < '\x7f'),
        "lower" => Of(char.IsAsciiLetterLower),
        "print" => Of(c => c is >= ' ' and < '\x7f'),
        "punct" => Of(c => c is > ' ' and < '\x7f' && !char.IsAsciiLetterOrDigit(c)),
        "space" => Spaces | Range('\v', '\v'),
        "upper" => Of(char.IsAsciiLetterUpper),
        "word" => Words,
        "xdigit" => Of(char.IsAsciiHexDigit),
        _ => null,
    };

    /// <summary>A category or script of Unicode by its name, or null.</summary>
    public static PatternClass? Unicode(string name)
    {
        if (name == "Any")
        {
            return All;
        }

        if (Categories.Contains(name))
        {
            return Of(c => CategoryNames[(int)CharUnicodeInfo.GetUnicodeCategory(c)].StartsWith(name, StringComparison.Ordinal));
        }

        return name switch
        {
            "Latin" => Of(char.IsAsciiLetter),
            "Common" => Of(c => !char.IsAsciiLetter(c)),
            _ => Scripts.Contains(name) ? default(PatternClass) : null,
        };
    }

    /// <summary>True when the character is in it.</summary>
    public bool Has(char c) => c < 128 ? Has(Bits, c) : HasOthers || c == Other;

    private static PatternClass Of(Func<char, bool> has)
    {
        UInt128 bits = 0;
        for (var c = 0; c < 128; c++)
        {
            bits |= has((char)c) ? UInt128.One << c : 0;
        }

        return new PatternClass(bits);
    }

    private static bool Has(UInt128 bits, char c) => c < 128 && ((bits >> c) & 1) != 0;
}
