namespace Barnabas.Messages.Generator;
