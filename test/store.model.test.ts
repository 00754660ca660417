// The model is the oracle of the differential test, so it keeps the contract itself.

import { storeContract } from "./store.contract.ts";
import { storeModel } from "./support/store-model.ts";

storeContract("the model", storeModel);
