/** What the package offers beside its base, so that an org need not have it. */

/** `force-app/options/line-cost`: what a whole opportunity product costs. */
export const lineCostField = 'KAM_Cost__c';
