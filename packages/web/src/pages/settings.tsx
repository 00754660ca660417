// P190-199: appearance and keys, tokens, secrets, the bin, the A-Z. Loaded when first asked for.

import type { FixedPage } from "../address.ts";
import { AppearancePage } from "./appearance.tsx";
import { BinPage } from "./bin.tsx";
import { CardPage } from "./card.tsx";
import { PagesPage } from "./pages.tsx";
import { SecretsPage } from "./secrets.tsx";
import { SignInPage } from "./sign-in.tsx";
import { TokensPage } from "./tokens.tsx";

export function SettingsPage({ page }: { page: FixedPage }) {
  switch (page) {
    case "bin":
      return <BinPage />;
    case "tokens":
      return <TokensPage />;
    case "secrets":
      return <SecretsPage />;
    case "appearance":
      return <AppearancePage />;
    case "card":
      return <CardPage />;
    case "sign-in":
      return <SignInPage />;
    default:
      return <PagesPage isSettings={page === "settings"} />;
  }
}
