using Barnabas.Shared;

namespace Barnabas.Tests.Tidy;

public sealed class NeedsTests
{
    [Fact]
    public void A_need_that_is_met_gives_no_reason_to_skip() =>
        Assert.Equal(OperatingSystem.IsLinux() ? null : "runs on Linux only", Needs.Missing([Need.Linux]));

    [Fact]
    public void The_checkout_is_found_from_the_test_binaries() => Assert.True(File.Exists(Checkout.At("src/Barnabas.Base/Check.cs")));
}
